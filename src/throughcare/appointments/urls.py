from django.urls import path

from throughcare.appointments import views

urlpatterns = [
    path("diary/", views.diary, name="diary"),
    path("people/<id:person>/appointments/new/", views.book, name="new-appointment"),
    path("appointments/<id:appointment>/", views.appointment, name="appointment"),
    path("appointments/<id:appointment>/outcome/", views.outcome, name="appointment-outcome"),
    path("appointments/<id:appointment>/cancel/", views.cancel, name="cancel-appointment"),
    path("appointments/<id:appointment>/move/", views.move, name="move-appointment"),
    path("appointments/<id:appointment>/calendar.ics", views.calendar_file, name="appointment-calendar"),
]
