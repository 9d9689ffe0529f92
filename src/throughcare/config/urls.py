"""Every address, room by room."""

from django.urls import include, path

from throughcare.config.health import health_view, late_banner
from throughcare.web.shell import add_banner

add_banner(late_banner)

urlpatterns = [
    path("", include("throughcare.today.urls")),
    path("", include("throughcare.handovers.urls")),
    path("", include("throughcare.appointments.urls")),
    path("", include("throughcare.processes.urls")),
    path("", include("throughcare.people.urls")),
    path("", include("throughcare.sharing.urls")),
    path("", include("throughcare.messages.urls")),
    path("", include("throughcare.organisations.urls")),
    path("", include("throughcare.accounts.urls")),
    path("", include("throughcare.web.urls")),
    path("health/", health_view, name="health"),
]
