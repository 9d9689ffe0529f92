from django.urls import path

from throughcare.people import views

urlpatterns = [
    path("people/", views.people, name="people"),
    path("people/new/", views.new_person, name="new-person"),
    path("people/<id:person>/", views.person, name="person"),
    path("people/<id:person>/safe-contact/", views.safe_contact, name="safe-contact"),
    path("people/<id:person>/home-area/", views.home_area, name="home-area"),
]
