from django.urls import path

from throughcare.processes import views

urlpatterns = [
    path("cases/<id:case>/", views.case_view, name="case"),
    path("cases/<id:case>/<slug:verb>/", views.act_view, name="act"),
    path("help/processes/<slug:name>/", views.process_view, name="process"),
]
