from django.urls import path

from throughcare.organisations.views import acting_for

urlpatterns = [path("acting-for/", acting_for, name="acting-for")]
