"""Django settings. Everything an operator may change is in environment.py."""

from csp.constants import NONE, SELF

from throughcare.config import environment

ENVIRONMENT = environment.read()

SECRET_KEY = ENVIRONMENT.secret_key()
DEBUG = False
ALLOWED_HOSTS = list(ENVIRONMENT.hosts)
ROOT_URLCONF = "throughcare.config.urls"
WSGI_APPLICATION = "throughcare.config.wsgi.application"
DATABASES = ENVIRONMENT.databases()
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
MADE_UP = ENVIRONMENT.made_up
PUBLIC_ADDRESS = ENVIRONMENT.address
VIDEO_ADDRESS = ENVIRONMENT.video
PUBLISHED_HEADS = ENVIRONMENT.data / f"{ENVIRONMENT.mode}.heads"

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "axes",
    "throughcare.web",
    "throughcare.events",
    "throughcare.accounts",
    "throughcare.organisations",
    "throughcare.messages",
    "throughcare.sharing",
    "throughcare.people",
    "throughcare.processes",
    "throughcare.appointments",
    "throughcare.handovers",
    "throughcare.today",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "throughcare.web.middleware.RequestLog",
    "throughcare.organisations.middleware.ActingFor",
    "throughcare.web.middleware.Refusals",
    "throughcare.events.middleware.KeepRefusals",
    "axes.middleware.AxesMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "throughcare.web.shell.context",
            ],
            "builtins": ["throughcare.web.templatetags.components"],
        },
    }
]
FORM_RENDERER = "throughcare.web.forms.Renderer"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "today"
LOGOUT_REDIRECT_URL = "sign-in"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = ["username"]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "throughcare.accounts.views.locked_out"
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False
SILENCED_SYSTEM_CHECKS = ["axes.W006"]  # by account alone: a whole prison may share one address

SESSION_COOKIE_AGE = 10 * 60 * 60
SESSION_COOKIE_NAME = f"throughcare_{ENVIRONMENT.mode}"
CSRF_COOKIE_HTTPONLY = True
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CSRF_FAILURE_VIEW = "throughcare.web.views.form_too_old"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [NONE],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

_MAIL_SERVER = ENVIRONMENT.mail_server()
EMAIL_HOST = _MAIL_SERVER.host  # empty: e-mail is off
EMAIL_PORT = _MAIL_SERVER.port
EMAIL_HOST_USER = _MAIL_SERVER.user
EMAIL_HOST_PASSWORD = _MAIL_SERVER.password
EMAIL_USE_SSL = _MAIL_SERVER.tls
EMAIL_USE_TLS = _MAIL_SERVER.starttls
EMAIL_TIMEOUT = 15  # seconds, for each word with the server
DEFAULT_FROM_EMAIL = ENVIRONMENT.mail_from

LANGUAGE_CODE = "en-gb"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "Europe/London"

STATIC_URL = "/static/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 3600
FILE_UPLOAD_HANDLERS = [
    "throughcare.web.uploads.Bounded",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": ENVIRONMENT.log_level},
    "loggers": {
        "django": {"handlers": [], "level": "WARNING", "propagate": True},
        "django.request": {"level": "CRITICAL"},  # it would write paths; throughcare.web writes routes
        "axes": {"level": "ERROR"},
    },
}
