from django.urls import path

from throughcare.messages import views

urlpatterns = [
    path("messages/<id:message>/put-away/", views.put_away, name="put-away"),
    path("jobs/<id:job>/", views.job, name="job"),
]
