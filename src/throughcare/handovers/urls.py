from django.urls import path

from throughcare.handovers.views import custody, hand_over, release

urlpatterns = [
    path("hand-overs/", hand_over.hand_over_list, name="hand-overs"),
    path("people/<id:person>/hand-over/", hand_over.new_hand_over, name="new-hand-over"),
    path("hand-overs/<id:case>/draft/", hand_over.edit_hand_over, name="edit-hand-over"),
    path("people/<id:person>/custody/came/", custody.came, name="custody-came"),
    path("people/<id:person>/custody/release-date/", custody.release_date, name="custody-release-date"),
    path("people/<id:person>/custody/left/", custody.left, name="custody-left"),
    path("releases/", release.releases, name="releases"),
    path("releases/<id:case>/ready/", release.ready, name="release-ready"),
]
