from django.urls import path

from throughcare.handovers.views import answer, cover, custody, hand_over, link, public_request, question, sheet

urlpatterns = [
    path("help-for-me/", public_request.ask_for_help, name="ask-for-help"),
    path("help-for-me/received/", public_request.help_received, name="help-received"),
    path("hand-overs/", hand_over.hand_over_list, name="hand-overs"),
    path("people/<id:person>/hand-over/", hand_over.new_hand_over, name="new-hand-over"),
    path("hand-overs/<id:case>/draft/", hand_over.edit_hand_over, name="edit-hand-over"),
    path("people/<id:person>/custody/came/", custody.came, name="custody-came"),
    path("people/<id:person>/custody/release-date/", custody.release_date, name="custody-release-date"),
    path("people/<id:person>/custody/left/", custody.left, name="custody-left"),
    path("people/<id:person>/sheet/", sheet.sheet, name="sheet"),
    path("people/<id:person>/sheet/print/", sheet.printed, name="sheet-print"),
    path("people/<id:person>/sheet/<slug:part>/", sheet.part, name="sheet-part"),
    path("people/<id:person>/prescriber/", cover.cover, name="prescriber"),
    path("hand-overs/<id:case>/sheet/", sheet.sent, name="sheet-sent"),
    path("people/<id:person>/ask-who-prescribes/", question.ask, name="ask-who-prescribes"),
    path("people/<id:person>/may-i-tell/", question.tell, name="may-i-tell"),
    path("hand-overs/<id:case>/answer-link/new/", link.new, name="new-answer-link"),
    path("hand-overs/<id:case>/answer-link/stop/", link.stop, name="stop-answer-link"),
    path("hand-overs/<id:case>/answer-link/code/", link.code, name="answer-link-code"),
    path("answer/<slug:token>/", answer.entry, name="answer"),
    path("answer/<slug:token>/hand-over/", answer.hand_over, name="answer-hand-over"),
    path("answer/<slug:token>/done/", answer.done, name="answer-done"),
    path("answer/<slug:token>/<slug:verb>/", answer.act, name="answer-act"),
]
