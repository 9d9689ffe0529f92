"""Today: what waits for each role, the gravest first, acted on in place, and never more than the role may know."""

import re
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any

import pytest
import worlds
from django.db import connection
from django.test.utils import CaptureQueriesContext

from throughcare.accounts.models import User
from throughcare.events.actor import SYSTEM, Actor
from throughcare.handovers.actions import custody
from throughcare.handovers.models import HandOver
from throughcare.messages import outbox
from throughcare.organisations import actions as organisations
from throughcare.organisations.models import Service
from throughcare.processes import actions as engine
from throughcare.processes.health import beat
from throughcare.processes.models import Due, Strand
from throughcare.reference.calendar import LONDON
from throughcare.sharing.models import Look
from throughcare.today.board import Group, Line
from throughcare.today.oversight import suppressed
from throughcare.today.queries import groups

AREA = "E09000001"
FIXED = 4  # session, user, membership, look
LATE = "Late with another service: ring"


class World:
    """Two services of one area with everybody whom the ladder can reach, each with a telephone of their own."""

    def __init__(self) -> None:
        provider = organisations.found(
            by=SYSTEM,
            at=worlds.BEGAN,
            name="Harbour Recovery",
            kind="community drug and alcohol treatment service",
            lead_name="Lee Lead",
            lead_telephone="020 7946 0030",
        )
        self.team: Service = worlds.service(
            "Harbour duty team",
            of=provider,
            areas=[AREA],
            manager_name="Mo Manager",
            manager_telephone="020 7946 0020",
        )
        self.site = worlds.site()
        self.sender: Actor = worlds.worker("prison_drug_worker", worlds.service("Northgate team", sites=[self.site]))
        self.receiver: Actor = worlds.worker("keyworker", self.team)
        self.manager: Actor = worlds.worker("service_manager", self.team)

    def send(self, at: datetime = worlds.BEGAN, urgent: str = "no", family: str = "Adeyemi") -> HandOver:
        record = worlds.person(self.sender, family=family)
        hand_over = worlds.drafted(self.sender, record, self.team, urgent=urgent)
        worlds.take(self.sender, hand_over, "send", at=at)
        return hand_over


def london(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON).astimezone(UTC)


def today(actor: Actor, now: datetime) -> dict[str, Group]:
    return {group.title: group for group in groups(actor, now)}


def only(actor: Actor, title: str, now: datetime) -> Line:
    (line,) = today(actor, now)[title].rows
    return line


def work(at: datetime) -> None:
    """What the worker does each second."""
    engine.sweep(at)
    outbox.deliver(at)


@pytest.mark.django_db
def test_a_hand_over_sent_on_a_friday_at_twenty_to_six_climbs_the_ladder_and_the_sender_knows_whom_to_ring() -> None:
    world = World()
    friday = london("2026-11-27 17:40")
    hand_over = world.send(at=friday)
    work(friday + timedelta(seconds=2))
    assert Strand.objects.get(case=hand_over.case_id).state == "delivered"
    rungs = [
        ("2026-11-27 17:41", None),
        ("2026-11-28 12:00", None),
        ("2026-11-30 12:59", None),
        ("2026-11-30 13:00", ("Harbour duty team", "020 7946 0001")),
        ("2026-11-30 16:59", ("Harbour duty team", "020 7946 0001")),
        ("2026-11-30 17:00", ("Mo Manager", "020 7946 0020")),
        ("2026-12-01 12:59", ("Mo Manager", "020 7946 0020")),
        ("2026-12-01 13:00", ("Lee Lead", "020 7946 0030")),
        ("2026-12-01 17:00", ("Lee Lead", "020 7946 0030")),
        ("2026-12-02 13:00", ("Lee Lead", "020 7946 0030")),
    ]
    for moment, ring in rungs:
        now = london(moment)
        work(now)
        if ring is None:
            assert LATE not in today(world.sender, now), moment
            continue
        line = only(world.sender, LATE, now)
        assert (line.tag, line.tone, line.ring) == ("NOT OPENED", "missed", ring), moment
        assert "Adeyemi, James" in line.what
        assert "Harbour duty team" in line.what
    opened = london("2026-12-02 13:05")
    worlds.take(world.receiver, hand_over, "open_by_receiver", at=opened)
    assert LATE not in today(world.sender, opened), "the receiver has acted"


@pytest.mark.django_db
def test_an_urgent_one_is_late_that_same_evening() -> None:
    world = World()
    friday = london("2026-11-27 17:40")
    world.send(at=friday, urgent="yes")
    work(friday + timedelta(seconds=2))
    work(london("2026-11-27 18:39"))
    assert LATE not in today(world.sender, london("2026-11-27 18:39"))
    work(london("2026-11-27 18:40"))
    line = only(world.sender, LATE, london("2026-11-27 18:40"))
    assert (line.tag, line.ring) == ("NOT OPENED", ("Harbour duty team", "020 7946 0001"))


@pytest.mark.django_db
def test_when_the_worker_stands_still_the_sender_reads_not_delivered() -> None:
    world = World()
    world.send()
    quarter = worlds.BEGAN + timedelta(minutes=15)
    engine.sweep(quarter)
    line = only(world.sender, LATE, quarter)
    assert (line.tag, line.ring) == ("NOT DELIVERED", ("Harbour duty team", "020 7946 0001"))


@pytest.mark.django_db
def test_the_page_of_the_sender_shows_the_late_one_with_a_number_to_ring() -> None:
    world = World()
    hand_over = world.send()
    engine.sweep(worlds.BEGAN + timedelta(hours=5))
    page = worlds.signed_in(world.sender).get("/").content.decode()
    assert "NOT DELIVERED" in page
    assert 'href="tel:020 7946 0020"' in page
    assert f'href="/cases/{hand_over.case_id}/"' in page


@pytest.mark.django_db
def test_a_rung_without_a_telephone_of_its_own_falls_back_to_the_team() -> None:
    sender, receiver = worlds.worker("keyworker"), worlds.worker("keyworker")
    team = Service.objects.get(pk=receiver.service)
    worlds.sent(sender, worlds.person(sender), team)
    for hours in (5, 30, 60):
        now = worlds.BEGAN + timedelta(hours=hours)
        engine.sweep(now)
        assert only(sender, LATE, now).ring == (team.name, team.telephone)


@pytest.mark.django_db
def test_the_manager_sees_what_the_ladder_told_them_and_a_keyworker_does_not() -> None:
    world = World()
    world.send()
    told = "Late in your service: told to you by the ladder"
    now = worlds.BEGAN + timedelta(minutes=15)
    engine.sweep(now)
    assert told not in today(world.manager, now), "so far it is the team that was told"
    later = worlds.BEGAN + timedelta(hours=30)
    engine.sweep(later)
    assert only(world.manager, told, later).tag == "NOT DELIVERED"
    assert told not in today(world.receiver, later)


@pytest.mark.django_db
def test_each_side_sees_a_hand_over_in_the_group_that_says_whose_word_is_next() -> None:
    world = World()
    now = worlds.BEGAN + timedelta(minutes=1)
    hand_over = world.send()
    facts: dict[str, Any] = {"no_appointment_reason": "Monday", "coordination_owner": world.receiver.user}
    story: list[tuple[Actor, str, dict[str, Any], str | None, str | None]] = [
        (world.receiver, "open_by_receiver", {}, "To answer", None),
        (
            world.receiver,
            "ask_question",
            {"question": "When?", "call_back_number": "1"},
            "To answer",
            "Yours to move on",
        ),
        (world.sender, "answer_question", {"answer": "Thursday"}, "To answer", None),
        (world.receiver, "accept", facts, "Taken on, first contact due", None),
        (
            world.receiver,
            "book_contact",
            {"appointment_time": "2026-11-24T10:00:00+00:00", "place": "By video"},
            "Taken on, first contact due",
            None,
        ),
        (world.receiver, "record_contact", {"contact_date": "2026-11-24", "heard_from": "me"}, None, None),
    ]
    waits = {"To answer", "Yours to move on", "Taken on, first contact due"}
    assert waits & today(world.receiver, now).keys() == {"To answer"}
    for who, verb, answers, theirs, ours in story:
        worlds.take(who, hand_over, verb, **answers)
        assert waits & today(world.receiver, now).keys() == {theirs} - {None}, verb
        assert waits & today(world.sender, now).keys() == {ours} - {None}, verb
    declined = world.send(family="Brook")
    worlds.take(world.receiver, declined, "open_by_receiver")
    worlds.take(world.receiver, declined, "decline", decline_reason="not_our_area")
    line = only(world.sender, "Yours to move on", now)
    assert [act.words for act in line.acts] == ["Send to another service"]
    assert waits & today(world.receiver, now).keys() == set()


@pytest.mark.django_db
def test_the_gravest_comes_first_and_empty_groups_are_not_shown() -> None:
    world = World()
    record = worlds.person(world.sender, family="Cole")
    stay = worlds.held(record, world.site)
    now = worlds.BEGAN + timedelta(hours=5)
    leaves = date(2026, 11, 25)
    custody.set_release_date(by=SYSTEM, at=worlds.BEGAN, stay=stay, release_date=leaves)
    world.send()
    engine.sweep(now)
    worlds.drafted(world.sender, worlds.person(world.sender, family="Evans"), world.team)
    found = groups(world.sender, now)
    assert [group.title for group in found] == [LATE, "Leaving within 14 days, not ready", "Yours to move on"]
    assert [group.tone for group in found] == ["risk", "risk", ""]
    leaving = only(world.sender, "Leaving within 14 days, not ready", now)
    assert leaving.tone == "risk"
    assert leaving.words.startswith("Leaves HMP Northgate in 2 days, Wed 25 Nov 2026. Not ready: receiving service")
    assert groups(worlds.worker("keyworker"), now) == []
    page = worlds.signed_in(worlds.worker("keyworker")).get("/").content.decode()
    assert "Nothing waits for you." in page


@pytest.mark.django_db
def test_late_then_urgent_hand_overs_are_answered_first() -> None:
    world = World()
    plain = world.send(family="Plain")
    late = world.send(family="Late")
    urgent = world.send(family="Urgent", urgent="yes")
    due = Due.objects.get(case=late.case_id, clock="HOV-C01")
    engine.miss(by=SYSTEM, at=worlds.BEGAN + timedelta(minutes=15), due=due.pk)
    rows = today(world.receiver, worlds.BEGAN + timedelta(minutes=15))["To answer"].rows
    assert [line.url for line in rows] == [f"/cases/{one.case_id}/" for one in (late, urgent, plain)]


@pytest.mark.django_db
def test_a_hand_over_is_opened_from_the_row_with_one_press_and_twice_is_once() -> None:
    world = World()
    hand_over = world.send()
    client = worlds.signed_in(world.receiver)
    page = client.get("/").content.decode()
    form = re.search(r'<form method="post" action="(/cases/\d+/open_by_receiver/)">(.*?)</form>', page, re.DOTALL)
    assert form
    hidden = dict(re.findall(r'name="(version|key)" value="([^"]*)"', form[2]))
    assert set(hidden) == {"version", "key"}
    for _ in range(2):
        answer = client.post(form[1], hidden, follow=True)
        assert "Hand-over opened." in answer.content.decode()
    assert hand_over.case.steps.filter(verb="open_by_receiver").count() == 1


@pytest.mark.django_db
def test_every_act_offered_on_today_leads_to_a_page_that_takes_it() -> None:
    world = World()
    for family in ("Adeyemi", "Brook", "Cole"):
        world.send(family=family)
    second = HandOver.objects.order_by("pk")[1]
    worlds.take(world.receiver, second, "open_by_receiver")
    third = HandOver.objects.order_by("pk")[2]
    worlds.take(world.receiver, third, "open_by_receiver")
    worlds.take(world.receiver, third, "ask_question", question="When?", call_back_number="1")
    worlds.drafted(world.sender, worlds.person(world.sender), world.team)
    followed = 0
    for actor in (world.sender, world.receiver, world.manager):
        client = worlds.signed_in(actor)
        for group in groups(actor, worlds.BEGAN + timedelta(minutes=5)):
            for line in group.rows:
                assert line.acts or line.url or line.ring, f"nothing can be done with {line.what}"
                for act in line.acts:
                    if act.version is None:
                        assert client.get(act.url).status_code == 200, act.url
                        followed += 1
    assert followed >= 6


@pytest.mark.django_db
def test_a_long_group_shows_its_gravest_says_how_many_there_are_and_leads_to_the_rest() -> None:
    world = World()
    for number in range(27):
        hand_over = world.send(family=f"Person{number}")
        if number > 14:
            engine.miss(
                by=SYSTEM,
                at=worlds.BEGAN + timedelta(minutes=15),
                due=Due.objects.get(case=hand_over.case_id, clock="HOV-C01").pk,
            )
    now = worlds.BEGAN + timedelta(minutes=15)
    theirs, ours = today(world.receiver, now)["To answer"], today(world.sender, now)[LATE]
    assert (len(theirs.rows), theirs.count, theirs.more) == (25, "27", "/hand-overs/?show=answer")
    assert (len(ours.rows), ours.count, ours.more) == (10, "12", "/hand-overs/?show=sent")
    assert "See all" in worlds.signed_in(world.receiver).get("/").content.decode()
    assert Group("x", [Line("y")] * 3).count == "3"
    assert Group("x", [Line("y")] * 10, more="/people/").count == "10 or more"


def busy(world: World, number: int) -> None:
    """One more of everything that can stand on Today."""
    world.send(family=f"Waits{number}")
    asked, taken = world.send(family=f"Asked{number}"), world.send(family=f"Taken{number}")
    worlds.take(world.receiver, asked, "open_by_receiver")
    worlds.take(world.receiver, asked, "ask_question", question="When?", call_back_number="1")
    worlds.take(world.receiver, taken, "open_by_receiver")
    worlds.take(
        world.receiver,
        taken,
        "accept",
        appointment_time=(datetime.now(tz=UTC) + timedelta(hours=2)).isoformat(),
        place="By video",
        coordination_owner=world.receiver.user,
    )
    record = worlds.person(world.sender, family=f"Leaves{number}")
    stay = worlds.held(record, world.site)
    leaves = datetime.now(tz=LONDON).date() + timedelta(days=3)
    custody.set_release_date(by=SYSTEM, at=worlds.BEGAN, stay=stay, release_date=leaves)
    work(worlds.BEGAN + timedelta(hours=5))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "most"),
    [
        ("prison_drug_worker", 17),
        ("keyworker", 11),
        ("service_manager", 12),
        ("commissioner", 3),
        ("data_protection_lead", 5),
    ],
)
def test_the_number_of_statements_does_not_grow_with_the_rows(role: str, most: int) -> None:
    """Beyond session, user, membership and look; those who oversee read users and looks as what they oversee."""
    world = World()
    known = {"prison_drug_worker": world.sender, "keyworker": world.receiver, "service_manager": world.manager}
    council = worlds.service(areas=[AREA], takes_hand_overs=False)
    actor = known.get(role) or worlds.worker(role, council if role == "commissioner" else world.team)
    client = worlds.signed_in(actor)
    costs, rows, made = [], [], 0
    for wanted in (2, 9):
        while made < wanted:
            busy(world, made)
            worlds.service(areas=[AREA])
            colleague = worlds.signed_in(worlds.worker("keyworker", world.team))
            colleague.get(f"/people/{HandOver.objects.latest('pk').case.person_id}/")
            colleague.get("/cases/999999999/")
            made += 1
        beat(datetime.now(tz=UTC), "worker")
        with CaptureQueriesContext(connection) as sent:
            assert client.get("/").status_code == 200
        costs.append(len(sent) - FIXED)
        rows.append(sum(len(group.rows) for group in groups(actor, datetime.now(tz=UTC))))
    print(f"{role}: {costs[0]} statements with {rows[0]} rows, {costs[1]} with {rows[1]}; {FIXED} fixed")
    assert costs[0] == costs[1] <= most
    assert rows[1] > rows[0] > 0


@pytest.mark.django_db
def test_the_fixed_cost_of_today_is_session_user_membership_and_one_look() -> None:
    world = World()
    world.send()
    assert len(worlds.own_statements(worlds.signed_in(world.receiver), "/", look=1)) <= 10


@pytest.mark.django_db
def test_a_commissioner_reads_counts_that_hide_the_few_and_never_a_name() -> None:
    world = World()
    commissioner = worlds.worker("commissioner", worlds.service("Council", areas=[AREA], takes_hand_overs=False))
    elsewhere = worlds.service("Elsewhere", areas=["E09000002"])
    names = [f"Adeyemi{number}" for number in range(6)]
    now = worlds.BEGAN + timedelta(hours=5)
    title = "Services of your areas: who has hand-overs waiting past their deadline"
    shown = []
    for name in names:
        world.send(family=name)
        engine.sweep(now)
        rows = {line.what: line for line in today(commissioner, now)[title].rows}
        assert elsewhere.name not in rows
        shown.append(rows["Harbour duty team"].words.rpartition(": ")[2])
    assert shown == ["under 5", "under 5", "under 5", "under 5", "5", "6"]
    client = worlds.signed_in(commissioner)
    page = unescape(client.get("/").content.decode())
    assert "Harbour duty team" in page
    for name in (*names, "James", worlds.BEGAN.strftime("%-d %b %Y") + " ·"):
        assert name not in page
    assert not re.search(r'href="/(cases|people)/\d', page)
    for path in ("/people/", "/hand-overs/"):
        answer = client.get(path)
        assert answer.status_code == 403 or not any(name in answer.content.decode() for name in names)


@pytest.mark.parametrize(("count", "words"), [(0, "0"), (1, "under 5"), (4, "under 5"), (5, "5"), (40, "40")])
def test_one_to_four_are_not_told_apart(count: int, words: str) -> None:
    assert suppressed(count) == words


@pytest.mark.django_db
def test_a_data_protection_lead_sees_who_was_refused_and_who_looked_by_name_of_staff_and_number_of_person() -> None:
    world = World()
    hand_over = world.send()
    stranger = worlds.worker("keyworker", worlds.service(of=world.team.organisation), name="Sal Stranger")
    lead = worlds.worker("data_protection_lead", world.team)
    worlds.signed_in(stranger).get(f"/people/{hand_over.case.person_id}/")
    worlds.signed_in(world.receiver).get(f"/people/{hand_over.case.person_id}/")
    page = worlds.signed_in(lead).get("/").content.decode()
    assert "Sal Stranger" in page
    assert "SH-101" in page
    assert f"person {hand_over.case.person_id}" in page
    assert User.objects.get(pk=world.receiver.user).name in page
    assert "Adeyemi" not in page


@pytest.mark.django_db
@pytest.mark.parametrize(("minutes", "late"), [(None, True), (0, False), (4, False), (6, True), (600, True)])
def test_a_bar_says_so_when_the_worker_has_not_swept_for_five_minutes(minutes: int | None, late: bool) -> None:
    actor = worlds.worker("keyworker")
    if minutes is not None:
        beat(datetime.now(tz=UTC) - timedelta(minutes=minutes), "worker")
    page = worlds.signed_in(actor).get("/").content.decode()
    bars = re.findall(r'<p class="tc-bar tc-bar--\w+"><span class="govuk-width-container">(.*?)</span>', page)
    assert bool(bars) == late, bars


@pytest.mark.django_db
def test_each_opening_of_today_is_one_look_with_its_count() -> None:
    world = World()
    world.send()
    worlds.signed_in(world.receiver).get("/")
    look = Look.objects.get(user=world.receiver.user, listed="today")
    assert look.count == 1
    assert look.person is None
