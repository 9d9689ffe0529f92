from django.urls import path

from throughcare.sharing import views

urlpatterns = [
    path("help/sharing/", views.table, name="sharing-table"),
    path("audit/", views.audit, name="audit"),
    path("audit/check/", views.check, name="audit-check"),
]
