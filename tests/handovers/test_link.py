"""Answering a hand-over without an account: what a link gives away, what it takes, and when it ends."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import worlds
from django.conf import settings
from django.test import Client

from throughcare.events.models import Event
from throughcare.handovers.actions import link as links
from throughcare.handovers.models import AnswerLink, HandOver, WrongCode
from throughcare.handovers.rules import link as rules
from throughcare.processes import universal
from throughcare.processes.models import Case, StepTaken, Strand
from throughcare.web.faults import Refused

pytestmark = pytest.mark.django_db

DIED = {"date_of_death": "2026-11-22", "source_of_fact": "Told by the coroner’s officer"}
SEEN = {
    "appointment_time_day_day": "1",
    "appointment_time_day_month": "12",
    "appointment_time_day_year": "2026",
    "appointment_time_time": "2pm",
    "place": "2 Canal Side",
}


class World:
    """A hand-over that was sent to a service with a mailbox for which nobody signs in."""

    def __init__(self) -> None:
        self.sender = worlds.worker("prison_drug_worker", worlds.service("Northgate team"), name="Grace Sender")
        self.outside = worlds.service("Mill Lane duty desk", mailbox="rota@millane.example")
        self.record = worlds.person(self.sender, "James", "Adeyemi", address="3 Weir Street", telephone="07700 900001")
        self.hand_over = worlds.sent(self.sender, self.record, self.outside)
        self.case = self.hand_over.case_id
        self.desk = Client()

    @property
    def link(self) -> AnswerLink:
        return AnswerLink.objects.select_related("case__hand_over__sender", "receiver").get(
            case=self.case, revoked_at=None
        )

    @property
    def state(self) -> str:
        return Strand.objects.get(case=self.case, name="main").state

    def url(self, rest: str = "") -> str:
        return f"/answer/{self.link.key.token}/{rest}"

    def give(self, code: str | None = None, *, at: str = "", desk: Client | None = None, **answers: str) -> Any:
        """Give a code, the right one if none is said."""
        typed = {"entry-name": "Jo Smith", "entry-number": "020 7946 0300", **answers}
        typed["entry-code"] = self.link.key.code if code is None else code
        return (desk or self.desk).post(at or self.url(), typed)

    def form(self, verb: str, desk: Client | None = None, **answers: str) -> dict[str, str]:
        """What a browser sends when the form of an act is filled in."""
        page = (desk or self.desk).get(self.url(f"{verb}/")).content.decode()
        hidden = dict(re.findall(r'type="hidden" name="(version|key)" value="([^"]*)"', page))
        assert hidden.keys() == {"version", "key"}
        return {**hidden, **answers}

    def answer(self, verb: str, **answers: str) -> Any:
        return self.desk.post(self.url(f"{verb}/"), self.form(verb, **answers))

    def counts(self) -> tuple[int, int, str]:
        return Event.objects.count(), StepTaken.objects.filter(case=self.case).count(), self.state

    def page(self) -> str:
        found = worlds.signed_in(self.sender).get(f"/cases/{self.case}/")
        assert found.status_code == 200
        return found.content.decode()

    def verbs(self) -> list[str]:
        return list(Event.objects.filter(case=self.case).order_by("seq").values_list("verb", flat=True))


def words(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def wrong(world: World) -> str:
    return f"{(int(world.link.key.code) + 1) % 1_000_000:06}"


# Issuing


def test_a_hand_over_sent_where_nobody_signs_in_makes_a_link_to_the_registered_mailbox() -> None:
    world = World()
    link = world.link
    assert link.expires_at == worlds.BEGAN + timedelta(days=7)
    assert "link.issued" in world.verbs()
    page = world.page()
    assert "r•••@millane.example" in page
    assert "rota@" not in page
    assert link.key.code not in page


def test_where_somebody_signs_in_no_link_is_made_and_none_can_be() -> None:
    world = World()
    worlds.worker("keyworker", world.outside)
    other = worlds.sent(world.sender, world.record, world.outside)
    assert not AnswerLink.objects.filter(case=other.case_id).exists()
    with pytest.raises(Refused, match="LK-112"):
        links.issue(by=world.sender, at=worlds.BEGAN, case=other.case_id)


def test_a_service_without_mailbox_gets_no_link_and_the_sender_is_told_to_ring() -> None:
    world = World()
    other = worlds.sent(
        world.sender,
        world.record,
        worlds.service("No post"),
    )
    with pytest.raises(Refused, match="LK-111"):
        links.issue(by=world.sender, at=worlds.BEGAN, case=other.case_id)
    page = worlds.signed_in(world.sender).get(f"/cases/{other.case_id}/").content.decode()
    assert "it has no registered mailbox. Ring them" in page


def test_token_and_code_are_stored_nowhere() -> None:
    world = World()
    key = world.link.key
    kept = repr(list(AnswerLink.objects.values())) + repr(list(Event.objects.values()))
    assert key.token not in kept
    assert key.token.partition("-")[2] not in kept
    assert key.code not in kept.replace(key.nonce, "")


def test_only_the_senders_service_has_the_code_and_the_showing_is_kept() -> None:
    world = World()
    code = worlds.signed_in(world.sender).post(f"/hand-overs/{world.case}/answer-link/code/")
    figures = world.link.key.code
    assert f"{figures[:3]} {figures[3:]}" in code.content.decode()
    assert world.verbs()[-1] == "link.code_shown"
    stranger = worlds.signed_in(worlds.worker("keyworker"))
    for act in ("code", "new", "stop"):
        answer = stranger.post(f"/hand-overs/{world.case}/answer-link/{act}/")
        assert answer.status_code == 403
        assert figures not in answer.content.decode()
    assert worlds.signed_in(world.sender).get(f"/hand-overs/{world.case}/answer-link/code/").status_code == 405


def test_nothing_counts_as_delivered_on_a_today_that_nobody_can_see() -> None:
    from throughcare.messages import outbox

    world = World()
    outbox.deliver(worlds.BEGAN)
    assert world.state == "sent"


# Before the code


def test_a_scanner_that_follows_the_link_and_sends_its_form_changes_nothing_and_learns_nothing() -> None:
    world = World()
    before = world.counts()
    for rest in ("", "hand-over/", "accept/", "decline/", "done/"):
        for answer in (world.desk.get(world.url(rest), follow=True), world.desk.head(world.url(rest), follow=True)):
            assert answer.status_code == 200
    page = world.desk.get(world.url())
    assert "Northgate team asks Mill Lane duty desk to take over care of a person." in words(page)
    assert "Please answer by" in words(page)
    for posted in ({}, {"entry-name": "x", "entry-number": "x", "entry-code": "x"}, {"place": "x"}):
        assert world.desk.post(world.url(), posted).status_code == 422
        assert world.desk.post(world.url("accept/"), posted).status_code == 422
    for text in (page.content.decode(), world.desk.post(world.url("accept/"), {}).content.decode()):
        for secret in ("James", "Adeyemi", "J. A.", "Thursday", "Weir Street", "900001", "opioid", world.link.key.code):
            assert secret not in text
    assert world.counts() == before
    assert (world.link.wrong, world.link.entered_at) == (0, None)
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "same-origin"


def test_a_wrong_code_changes_the_count_of_tries_alone_and_keeps_what_was_typed() -> None:
    world = World()
    answer = world.give(wrong(world))
    assert answer.status_code == 422
    assert "LK-105" in words(answer)
    assert "4 more tries" in words(answer)
    assert 'value="Jo Smith"' in answer.content.decode()
    assert 'value="020 7946 0300"' in answer.content.decode()
    assert (world.link.wrong, world.state, world.verbs()[-1]) == (1, "sent", "link.wrong_code")
    assert world.desk.get(world.url("hand-over/")).status_code == 302


@pytest.mark.parametrize(
    ("field", "typed", "number"),
    [("code", "12345", "LK-109"), ("code", "12345a", "LK-109"), ("name", "12", "LK-107"), ("number", "x", "LK-114")],
)
def test_what_cannot_be_a_code_a_name_or_a_number_is_said_at_its_field_and_is_no_try(
    field: str, typed: str, number: str
) -> None:
    world = World()
    answer = world.give(typed) if field == "code" else world.give(**{f"entry-{field}": typed})
    assert answer.status_code == 422
    assert number in words(answer)
    assert f'value="{typed}"' in answer.content.decode()
    assert (world.link.wrong, world.state) == (0, "sent")


def test_a_code_is_taken_with_the_gaps_in_which_people_write_it() -> None:
    world = World()
    code = world.link.key.code
    assert world.give(f" {code[:3]} - {code[3:]}").status_code == 302


def test_the_longest_name_that_may_be_typed_can_be_kept() -> None:
    world = World()
    assert "FM-104" in words(world.give(**{"entry-name": "N" * 101}))
    assert world.give(**{"entry-name": "N" * 100}).status_code == 302
    assert StepTaken.objects.get(case=world.case, verb="open_by_receiver").who == f"{'N' * 100} (by link)"


def test_a_guessed_token_opens_one_and_the_same_page_whatever_it_looks_like() -> None:
    world = World()
    token = world.link.key.token
    last = "A" if token[-1] != "A" else "B"
    other = rules.Key("another secret", world.link.pk, world.link.nonce).token
    guesses = [token[:-1] + last, other, token[:-1], token + "A", "1", f"{10**17}-{'A' * 43}", "x"]
    pages = [world.desk.get(f"/answer/{guess}/") for guess in guesses]
    pages += [world.desk.post(f"/answer/{guess}/accept/", {"entry-code": world.link.key.code}) for guess in guesses]
    assert {page.status_code for page in pages} == {404}
    assert len({page.content for page in pages}) == 1
    assert "LK-101" in words(pages[0])


def test_five_wrong_codes_lock_the_link_also_for_the_right_one_until_a_new_link_is_sent() -> None:
    world = World()
    answers = [world.give(wrong(world)) for _ in range(5)]
    assert "one more try" in words(answers[3])
    assert "locked now" in words(answers[4])
    locked = world.give()
    assert locked.status_code == 422
    assert "LK-104" in words(locked)
    assert 'value="Jo Smith"' in locked.content.decode()
    assert world.desk.get(world.url()).status_code == 410
    assert world.state == "sent"
    assert "Too many wrong codes" in world.page()
    links.issue(by=world.sender, at=worlds.BEGAN, case=world.case)
    assert world.give().status_code == 302


def test_wrong_codes_from_one_connection_are_counted_over_all_links() -> None:
    worlds_of_links = [World() for _ in range(5)]
    for world in worlds_of_links[:4]:
        for _ in range(5):
            world.give(wrong(world))
    last = worlds_of_links[4]
    assert "LK-106" in words(last.give())
    elsewhere = Client(REMOTE_ADDR="192.0.2.7")
    assert last.give(desk=elsewhere).status_code == 302
    assert last.give(desk=Client(HTTP_X_FORWARDED_FOR="192.0.2.8")).status_code == 302, "behind a proxy of this machine"
    assert "127.0.0.1" not in repr(list(WrongCode.objects.values()))
    assert WrongCode.objects.filter(place=rules.place(settings.SECRET_KEY, "127.0.0.1")).count() == 20


# After the code


def test_the_right_code_opens_the_hand_over_and_shows_what_the_table_allows() -> None:
    world = World()
    assert world.give().headers["Location"] == world.url("hand-over/")
    assert world.state == "opened"
    page = world.desk.get(world.url("hand-over/"))
    text = page.content.decode()
    assert "J. A." in text
    assert "Leaves on Thursday" in text
    assert "Mobile after 4pm" in text
    assert "Adeyemi" not in text
    assert world.verbs()[-1] == "link.read"
    event = Event.objects.get(verb="link.read")
    assert (event.user, event.role, event.service) == (None, "outside_receiver", world.outside.pk)
    step = StepTaken.objects.get(case=world.case, verb="open_by_receiver")
    assert (step.user, step.service_id, step.by_name) == (None, world.outside.pk, "Jo Smith (by link)")


def test_no_row_no_page_each_reading_is_an_event() -> None:
    world = World()
    world.give()
    for _ in range(3):
        world.desk.get(world.url("hand-over/"))
    assert Event.objects.filter(verb="link.read", case=world.case).count() == 3


def test_accepting_books_the_appointment_names_the_answerer_and_promises_what_comes_next() -> None:
    world = World()
    world.give()
    done = world.answer("accept", **SEEN)
    assert done.headers["Location"] == world.url("done/")
    assert world.state == "contact_booked"
    hand_over = HandOver.objects.get(pk=world.case)
    assert (hand_over.owner, hand_over.owner_name) == (None, "Jo Smith")
    promise = words(world.desk.get(world.url("done/")))
    assert "Northgate team sees your answer now." in promise
    assert "They have your number: 020 7946 0300" in promise
    page = world.page()
    assert "Jo Smith (by link), Mill Lane duty desk" in page
    assert "Throughcare itself" not in page.partition("Hand-over accepted")[2].partition("</li>")[0]


def test_declining_gives_the_reason_at_once_and_ends_the_link() -> None:
    world = World()
    world.give()
    token = world.link.key.token
    assert world.answer("decline", decline_reason="no_safe_capacity").status_code == 302
    assert world.state == "declined"
    assert "stays responsible" in words(world.desk.get(f"/answer/{token}/done/"))
    for rest in ("", "hand-over/", "accept/"):
        closed = world.desk.get(f"/answer/{token}/{rest}")
        assert closed.status_code == 410
        assert "LK-103" in words(closed)
        assert "J. A." not in words(closed)


def test_a_question_carries_the_number_already_given_and_the_answer_is_read_by_the_same_link() -> None:
    world = World()
    world.give()
    page = world.desk.get(world.url("ask_question/")).content.decode()
    assert 'value="020 7946 0300"' in page
    world.answer("ask_question", question="Who prescribes?", call_back_number="020 7946 0300")
    worlds.take(world.sender, world.hand_over, "answer_question", answer="Dr Rao at Fellside", at=datetime.now(UTC))
    assert "Dr Rao at Fellside" in world.desk.get(world.url("hand-over/")).content.decode()


def test_after_accepting_the_link_takes_the_first_contact_and_the_end() -> None:
    world = World()
    world.give()
    world.answer("accept", **SEEN)
    contact = {"contact_date_day": "24", "contact_date_month": "11", "contact_date_year": "2026"}
    assert world.answer("record_contact", heard_from="Seen by me", **contact).status_code == 302
    assert world.answer("close", outcome="seen_no_treatment", opioid_agonist_medicine="no").status_code == 302
    assert world.state == "closed"
    assert AnswerLink.objects.get(case=world.case).revoked_at is not None


def test_what_needs_a_colleague_with_an_account_is_not_offered_by_link() -> None:
    world = World()
    world.give()
    world.answer("accept", no_appointment_reason="Monday")
    missed = {
        "attempt_time_day_day": "24",
        "attempt_time_day_month": "11",
        "attempt_time_day_year": "2026",
        "attempt_time_time": "9am",
        "route": "telephone",
        "next_attempt_time_day_day": "25",
        "next_attempt_time_day_month": "11",
        "next_attempt_time_day_year": "2026",
        "next_attempt_time_time": "9am",
    }
    assert world.answer("record_not_reached", **missed).status_code == 302
    page = world.desk.get(world.url("hand-over/")).content.decode()
    assert "/close/" not in page
    refused = world.desk.get(world.url("close/"))
    assert (refused.status_code, "LK-108" in words(refused)) == (410, True)


def test_what_is_left_out_or_impossible_is_said_and_nothing_typed_is_lost() -> None:
    world = World()
    world.give()
    answer = world.desk.post(world.url("accept/"), world.form("accept", place="2 Canal Side"))
    assert answer.status_code == 422
    assert "PR-104" in words(answer)
    assert 'value="2 Canal Side"' in answer.content.decode()
    assert world.state == "opened"


def test_the_same_form_sent_twice_takes_one_step_and_answers_alike_also_after_a_decline() -> None:
    world = World()
    world.give()
    url, form = world.url("decline/"), world.form("decline", decline_reason="no_safe_capacity")
    first, second = world.desk.post(url, form), world.desk.post(url, form)
    assert first.headers["Location"] == second.headers["Location"]
    assert StepTaken.objects.filter(case=world.case, verb="decline").count() == 1


def test_when_the_half_hour_is_over_the_code_is_asked_again_and_what_was_typed_comes_back() -> None:
    world = World()
    world.give()
    form = world.form("accept", **SEEN)
    session = world.desk.session
    session["answering"] = {**session["answering"], "until": datetime(2026, 11, 24, tzinfo=UTC).isoformat()}
    session.save()
    asked = world.desk.post(world.url("accept/"), form)
    assert asked.status_code == 422
    assert "Half an hour has passed" in words(asked)
    assert "J. A." not in words(asked)
    kept = dict(re.findall(r'type="hidden" name="([a-z_]+)" value="([^"]*)"', asked.content.decode()))
    kept.pop("csrfmiddlewaretoken", None)
    assert kept == form
    missed = world.give(wrong(world), at=world.url("accept/"), **kept)
    assert 'value="2 Canal Side"' in missed.content.decode()
    again = world.give(at=world.url("accept/"), **kept)
    assert 'value="2 Canal Side"' in again.content.decode()
    assert "It has not been sent yet" in words(again)
    assert world.state == "opened"
    hidden = dict(re.findall(r'type="hidden" name="(version|key)" value="([^"]*)"', again.content.decode()))
    assert world.desk.post(world.url("accept/"), {**kept, **hidden}).status_code == 302
    assert world.state == "contact_booked"


def test_the_code_given_for_one_link_opens_no_other() -> None:
    first, second = World(), World()
    first.give()
    assert first.desk.get(second.url("hand-over/")).headers["Location"] == second.url()
    assert first.desk.post(second.url("decline/"), {"decline_reason": "no_safe_capacity"}).status_code == 422
    assert second.state == "sent"


def test_a_forwarded_link_opens_nothing_without_the_code_also_while_another_is_reading() -> None:
    world = World()
    world.give()
    forwarded = Client()
    for rest in ("hand-over/", "accept/"):
        assert forwarded.get(world.url(rest)).headers["Location"] == world.url()
    assert "J. A." not in words(forwarded.get(world.url()))
    assert world.give(wrong(world), desk=forwarded).status_code == 422
    assert world.desk.get(world.url("hand-over/")).status_code == 200


@pytest.mark.parametrize("verb", ["raise_gap", "notify_outcome", "withdraw", "escalate", "no-such-act"])
def test_an_act_that_is_not_for_who_answers_by_link_is_refused_in_words(verb: str) -> None:
    world = World()
    world.give()
    for answer in (world.desk.get(world.url(f"{verb}/")), world.desk.post(world.url(f"{verb}/"), {"reason": "x"})):
        assert answer.status_code in (410, 422)
        assert re.search(r"PR-10[1-7]", words(answer))
    assert world.state == "opened"


# The end of a link


def test_after_a_death_nobody_is_asked_to_answer_and_the_code_shows_why() -> None:
    world = World()
    world.give()
    universal.report(by=world.sender, at=datetime.now(UTC), person=world.record.person_id, event="died", facts=DIED)
    page = words(Client().get(world.url()))
    assert "It has ended and need not be answered any more." in page
    assert "Please answer by" not in page
    assert "died" not in page.lower()
    shown = world.desk.get(world.url("hand-over/")).content.decode()
    assert "died" in shown.lower()
    assert f"{world.url('accept/')}" not in shown
    late = world.desk.post(world.url("decline/"), {"decline_reason": "no_safe_capacity", "version": "3", "key": "k"})
    assert (late.status_code, "PR-201" in words(late)) == (409, True)
    assert world.state == "closed"


def test_an_expired_link_says_so_with_whom_to_ring_and_takes_no_code() -> None:
    world = World()
    link = world.link
    late = link.expires_at
    by = links.outsider(link, "Jo Smith")
    asked = {"code": link.key.code, "number": "1", "address": "192.0.2.1"}
    assert links.enter(by=by, at=late - timedelta(minutes=1), link=link.pk, **asked) is None
    with pytest.raises(Refused, match="LK-102"):
        links.enter(by=by, at=late, link=link.pk, **asked)
    with pytest.raises(Refused, match="LK-102"):
        links.answer(by=by, at=late, link=link.pk, verb="decline", facts={}, version=1, key="k")
    assert "020 7946 0001" in links.why_not(link, late)[0].mend


def test_a_stopped_link_and_one_replaced_by_a_newer_open_nothing_even_where_the_code_was_given() -> None:
    world = World()
    sender = worlds.signed_in(world.sender)
    world.give()
    first = world.link.key.token
    assert sender.post(f"/hand-overs/{world.case}/answer-link/new/").status_code == 302
    assert world.desk.get(f"/answer/{first}/hand-over/").status_code == 410
    second = world.link.key.token
    assert second != first
    world.give()
    assert sender.post(f"/hand-overs/{world.case}/answer-link/stop/").status_code == 302
    for rest in ("", "hand-over/", "decline/"):
        assert world.desk.get(f"/answer/{second}/{rest}").status_code == 410
    late = world.desk.post(f"/answer/{second}/decline/", {"decline_reason": "no_safe_capacity", "key": "k"})
    assert (late.status_code, world.state) == (410, "opened")
    with pytest.raises(Refused, match="LK-113"):
        links.stop(by=world.sender, at=worlds.BEGAN, case=world.case)


def test_a_hand_over_sent_elsewhere_takes_the_link_away_and_the_next_service_gets_its_own() -> None:
    world = World()
    world.give()
    token = world.link.key.token
    other = worlds.service("Second desk", mailbox="desk@second.example")
    worlds.take(
        world.sender,
        world.hand_over,
        "reroute",
        receiving_service=other.pk,
        area_of_return="E08000035",
        reason="They cannot",
    )
    assert world.desk.get(f"/answer/{token}/hand-over/").status_code == 410
    with pytest.raises(Refused, match="LK-110"):
        links.issue(by=world.sender, at=worlds.BEGAN, case=world.case)
    worlds.take(
        world.sender,
        world.hand_over,
        "send",
        basis="direct_care",
        safe_contact="x",
        opioid_agonist_medicine="no",
        urgent="no",
    )
    assert world.link.receiver_id == other.pk
    assert world.desk.get(f"/answer/{token}/").status_code == 410


def test_a_hand_over_that_was_withdrawn_has_no_link() -> None:
    world = World()
    worlds.take(world.sender, world.hand_over, "withdraw", reason="Sent by mistake")
    assert not AnswerLink.objects.filter(case=world.case, revoked_at=None).exists()


# Two at once


def test_the_second_of_two_answerers_is_told_who_was_first_and_keeps_what_was_typed() -> None:
    world = World()
    colleague = Client()
    world.give()
    world.give(desk=colleague, **{"entry-name": "Pat Lee"})
    late = world.form("ask_question", colleague, question="Who prescribes?", call_back_number="1")
    world.answer("accept", no_appointment_reason="Monday")
    conflict = colleague.post(world.url("ask_question/"), late)
    assert conflict.status_code == 409
    assert "PR-201 Somebody acted on this first: Jo Smith (by link) (Mill Lane duty desk)" in words(conflict)
    assert "Who prescribes?" in conflict.content.decode()
    assert world.state == "accepted"


def test_the_sender_who_moves_it_after_an_answer_by_link_is_told_that_somebody_answered() -> None:
    world = World()
    sender = worlds.signed_in(world.sender)
    version = Case.objects.get(pk=world.case).version
    world.give()
    stale = {"version": version, "key": "k", "reason": "Sent by mistake"}
    conflict = sender.post(f"/cases/{world.case}/withdraw/", stale)
    assert conflict.status_code == 409
    assert "Jo Smith (by link)" in words(conflict)


def test_an_answer_that_comes_after_the_link_ended_is_given_back_to_be_read_out() -> None:
    world = World()
    world.give()
    url, form = world.url("ask_question/"), world.form("ask_question", question="Who prescribes?", call_back_number="1")
    links.stop(by=world.sender, at=worlds.BEGAN, case=world.case)
    closed = world.desk.post(url, form)
    assert closed.status_code == 410
    assert "LK-103" in words(closed)
    assert "Who prescribes?" in words(closed)


def test_the_page_of_a_hand_over_by_link_costs_the_same_whatever_happened(queries: Any) -> None:
    world = World()
    world.give()
    world.answer("ask_question", question="Who prescribes?", call_back_number="020 7946 0300")
    worlds.take(world.sender, world.hand_over, "answer_question", answer="Dr Rao", at=datetime.now(UTC))
    with queries(30):
        assert world.desk.get(world.url("hand-over/")).status_code == 200
