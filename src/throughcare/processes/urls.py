from django.urls import path

from throughcare.processes import universal_views, views

urlpatterns = [
    path("cases/<id:case>/", views.case_view, name="case"),
    path("cases/<id:case>/void/", universal_views.void_case, name="void-case"),
    path("cases/<id:case>/<slug:verb>/", views.act_view, name="act"),
    path("people/<id:person>/happened/", universal_views.happened, name="happened"),
    path("people/<id:person>/happened/<slug:event>/", universal_views.report_event, name="report-event"),
    path("people/<id:person>/events/<id:event>/resume/", universal_views.resume_event, name="resume-event"),
    path("people/<id:person>/events/<id:event>/undo/", universal_views.undo_event, name="undo-event"),
    path("help/processes/<slug:name>/", views.process_view, name="process"),
]
