from django.urls import path

from throughcare.web import views

urlpatterns = [path("help/", views.help_page, name="help")]
