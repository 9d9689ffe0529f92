from django.urls import path

from throughcare.handovers import custody_views, views

urlpatterns = [
    path("hand-overs/", views.hand_over_list, name="hand-overs"),
    path("people/<id:person>/hand-over/", views.new_hand_over, name="new-hand-over"),
    path("hand-overs/<id:case>/draft/", views.edit_hand_over, name="edit-hand-over"),
    path("people/<id:person>/custody/came/", custody_views.came, name="custody-came"),
    path("people/<id:person>/custody/release-date/", custody_views.release_date, name="custody-release-date"),
    path("people/<id:person>/custody/left/", custody_views.left, name="custody-left"),
]
