from django.urls import path

from throughcare.handovers import views

urlpatterns = [
    path("hand-overs/", views.hand_over_list, name="hand-overs"),
    path("people/<int:person>/hand-over/", views.new_hand_over, name="new-hand-over"),
    path("hand-overs/<int:case>/draft/", views.edit_hand_over, name="edit-hand-over"),
]
