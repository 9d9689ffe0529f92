"""Every address, room by room."""

from django.urls import include, path

urlpatterns = [
    path("", include("throughcare.accounts.urls")),
    path("", include("throughcare.organisations.urls")),
]
