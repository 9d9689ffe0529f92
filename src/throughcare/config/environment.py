"""What an operator may set, all by environment variable: read once, checked, and listed in the operator guide."""

import errno
import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from urllib.parse import unquote, urlsplit

DEMONSTRATION, PRODUCTION = "demonstration", "production"


@dataclass(frozen=True)
class Variable:
    """One environment variable: its name, what it stands at when unset, and what it means."""

    name: str
    default: str
    meaning: str


VARIABLES = (
    Variable(
        "THROUGHCARE_DATA",
        "~/.local/share/throughcare",
        "Folder for everything that must survive: databases, the key file, published heads. Kept outside the clone.",
    ),
    Variable(
        "THROUGHCARE_MODE",
        DEMONSTRATION,
        "demonstration (made-up people, their own database) or production. ./run --production sets it.",
    ),
    Variable(
        "THROUGHCARE_DATABASE",
        "",
        "postgresql://user:password@host:port/name. Empty: an SQLite file in THROUGHCARE_DATA, one for each mode.",
    ),
    Variable(
        "THROUGHCARE_HOSTS",
        "localhost,127.0.0.1",
        "Names by which browsers may call this server, separated by commas.",
    ),
    Variable("THROUGHCARE_WEB_WORKERS", "2", "Web worker processes, 1 to 64."),
    Variable("THROUGHCARE_WEB_THREADS", "4", "Threads in each web worker, 1 to 64."),
    Variable("THROUGHCARE_LOG_LEVEL", "INFO", "DEBUG, INFO, WARNING or ERROR. Logs never hold personal data."),
    Variable(
        "THROUGHCARE_SMTP",
        "",
        "smtp://user:password@host:587 (with STARTTLS, unless the host is this machine) or smtps://user:password@host:465."
        " Empty: e-mail is off, and what is to be sent waits.",
    ),
    Variable("THROUGHCARE_MAIL_FROM", "", "The address that e-mail comes from. Needed with THROUGHCARE_SMTP."),
    Variable(
        "THROUGHCARE_ADDRESS",
        "",
        "Where people reach this server, such as https://throughcare.example.org: for links in e-mail. Needed with "
        "THROUGHCARE_SMTP.",
    ),
    Variable(
        "THROUGHCARE_VIDEO",
        "",
        "Where video appointments are held, such as https://video.example.org/{room}; {room} becomes an unguessable "
        "name. Empty: no link is made, and the service sends its own.",
    ),
)
THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


class WrongSetting(ValueError):
    """An environment variable that cannot be used; the message names it, the rule and the mend."""


@dataclass(frozen=True)
class MailServer:
    """Who takes our e-mail, and how it is reached. An empty host: e-mail is off."""

    host: str = ""
    port: int = 0
    user: str = ""
    password: str = ""
    tls: bool = False
    starttls: bool = False


@dataclass(frozen=True)
class Environment:
    """The settings in force, already checked."""

    data: Path
    mode: str
    database: str
    hosts: tuple[str, ...]
    web_workers: int
    web_threads: int
    log_level: str
    smtp: str
    mail_from: str
    address: str
    video: str

    @property
    def made_up(self) -> bool:
        """True when every person in the database is made up."""
        return self.mode == DEMONSTRATION

    @property
    def key_file(self) -> Path:
        return self.data / "secret.key"

    def make_data(self) -> Path:
        """The data folder, closed to other users when it is made here. WrongSetting when it cannot be used."""
        try:
            self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not os.access(self.data, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        except OSError as wrong:
            raise WrongSetting(
                f"THROUGHCARE_DATA is {str(self.data)!r}, which cannot be used: {wrong.strerror}. "
                "It must be a folder that this user can write."
            ) from None
        return self.data

    def secret_key(self) -> str:
        """The signing key: made once, readable by the owner alone, kept apart from the databases."""
        if not self.key_file.exists():
            with NamedTemporaryFile("w", dir=self.make_data()) as made:  # such a file is readable by the owner alone
                made.write(secrets.token_urlsafe(50))
                made.flush()
                with suppress(FileExistsError):  # another process was first: its key stands, and is whole
                    os.link(made.name, self.key_file)
        return self.key_file.read_text().strip()

    def mail_server(self) -> MailServer:
        """From the URL. Nothing crosses the network in the clear: only a server on this machine may do without TLS."""
        if not self.smtp:
            return MailServer()
        url = urlsplit(self.smtp)
        tls, host = url.scheme == "smtps", url.hostname or ""
        starttls = not tls and host not in THIS_MACHINE
        return MailServer(
            host=host,
            port=url.port or (465 if tls else 587 if starttls else 25),
            user=unquote(url.username or ""),
            password=unquote(url.password or ""),
            tls=tls,
            starttls=starttls,
        )

    def databases(self) -> dict[str, dict[str, object]]:
        """Django's DATABASES: PostgreSQL from the URL, or an SQLite file tuned so that a stored write stays stored."""
        if self.database:
            url = urlsplit(self.database)
            return {
                "default": {
                    "ENGINE": "django.db.backends.postgresql",
                    "NAME": unquote(url.path.lstrip("/")),
                    "USER": unquote(url.username or ""),
                    "PASSWORD": unquote(url.password or ""),
                    "HOST": url.hostname or "",
                    "PORT": url.port or "",
                    "CONN_MAX_AGE": 60,
                }
            }
        return {
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": str(self.data / f"{self.mode}.sqlite3"),
                "CONN_MAX_AGE": None,
                "OPTIONS": {
                    "transaction_mode": "IMMEDIATE",
                    "timeout": 20,
                    "init_command": (
                        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                        "PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-16000;"
                    ),
                },
            }
        }


def read(variables: Mapping[str, str] = os.environ) -> Environment:
    """The environment as set, or WrongSetting naming the first variable that cannot be used."""
    text = {v.name: variables.get(v.name, "").strip() or v.default for v in VARIABLES}
    smtp = _smtp(text["THROUGHCARE_SMTP"])
    return Environment(
        data=Path(text["THROUGHCARE_DATA"]).expanduser().absolute(),
        mode=_one_of("THROUGHCARE_MODE", text, (DEMONSTRATION, PRODUCTION)),
        database=_database(text["THROUGHCARE_DATABASE"]),
        hosts=tuple(host.strip() for host in text["THROUGHCARE_HOSTS"].split(",") if host.strip()),
        web_workers=_whole("THROUGHCARE_WEB_WORKERS", text),
        web_threads=_whole("THROUGHCARE_WEB_THREADS", text),
        log_level=_one_of("THROUGHCARE_LOG_LEVEL", text, ("DEBUG", "INFO", "WARNING", "ERROR")),
        smtp=smtp,
        mail_from=_mail_from(text["THROUGHCARE_MAIL_FROM"], needed=bool(smtp)),
        address=_address(text["THROUGHCARE_ADDRESS"], needed=bool(smtp)),
        video=_video(text["THROUGHCARE_VIDEO"]),
    )


def _one_of(name: str, text: Mapping[str, str], allowed: tuple[str, ...]) -> str:
    if text[name] not in allowed:
        raise WrongSetting(f"{name} is {text[name]!r}. It must be one of: {', '.join(allowed)}.")
    return text[name]


def _whole(name: str, text: Mapping[str, str]) -> int:
    if not text[name].isdecimal() or not 1 <= int(text[name]) <= 64:
        raise WrongSetting(f"{name} is {text[name]!r}. It must be a whole number from 1 to 64.")
    return int(text[name])


def _database(url: str) -> str:
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("postgresql", "postgres") and len(parts.path) > 1 and (parts.port or True)
    except ValueError:
        usable = False
    if not usable:
        raise WrongSetting(
            "THROUGHCARE_DATABASE cannot be read. It must look like postgresql://user:password@host:5432/name, "
            "or be empty for SQLite."
        )
    return url


def _smtp(url: str) -> str:
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("smtp", "smtps") and bool(parts.hostname) and (parts.port or True)
        usable = usable and parts.path in ("", "/") and bool(parts.username) == bool(parts.password)
    except ValueError:
        usable = False
    if not usable:
        raise WrongSetting(
            "THROUGHCARE_SMTP cannot be read. It must look like smtp://user:password@host:587 or "
            "smtps://user:password@host:465, special characters percent-encoded, or be empty: e-mail is off then."
        )
    return url


def _mail_from(address: str, *, needed: bool) -> str:
    if (address or needed) and not re.fullmatch(r"[!-?A-~]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", address):
        raise WrongSetting(
            f"THROUGHCARE_MAIL_FROM is {address!r}. With THROUGHCARE_SMTP it must be an address such as "
            "throughcare@example.org."
        )
    return address


def _address(url: str, *, needed: bool) -> str:
    if not url and not needed:
        return ""
    try:
        parts = urlsplit(url)
        safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in THIS_MACHINE)
        usable = safe and bool(parts.hostname) and (parts.port or True) and not parts.username
        usable = usable and not (parts.path.strip("/") or parts.query or parts.fragment)
    except ValueError:
        usable = False
    if not usable:
        raise WrongSetting(
            f"THROUGHCARE_ADDRESS is {url!r}. With THROUGHCARE_SMTP it must be where people reach this server, such as "
            "https://throughcare.example.org."
        )
    return url.rstrip("/")


def _video(url: str) -> str:
    try:
        parts = urlsplit(url.replace("{room}", "room"))
        usable = parts.scheme == "https" and bool(parts.hostname) and url.count("{room}") == 1 and not parts.username
    except ValueError:
        usable = False
    if url and not usable:
        raise WrongSetting(
            f"THROUGHCARE_VIDEO is {url!r}. It must be an https address with {{room}} in it once, such as "
            "https://video.example.org/{room}, or be empty."
        )
    return url
