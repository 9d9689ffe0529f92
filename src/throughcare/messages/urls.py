from django.urls import path

from throughcare.messages import views

urlpatterns = [
    path("messages/<int:message>/put-away/", views.put_away, name="put-away"),
    path("jobs/<int:job>/", views.job, name="job"),
]
