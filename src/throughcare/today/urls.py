from django.urls import path

from throughcare.today.views import today

urlpatterns = [path("", today, name="today")]
