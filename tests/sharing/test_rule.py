"""The one access rule. This is the test that protects the product: lists, pages and the published table agree.

The oracle below reads the table's own CSV files and knows nothing of the product's code. Each world is one person; what
is true of them for the reader's service is written beside it by hand.
"""

import csv
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import worlds

from throughcare.accounts.models import User
from throughcare.events.acting import acting, say
from throughcare.events.actor import SYSTEM, Actor
from throughcare.events.models import Event
from throughcare.handovers.actions import custody
from throughcare.organisations.models import Service, Site
from throughcare.people.models import Record
from throughcare.reference.tables import DATA
from throughcare.sharing import rule
from throughcare.sharing.models import Grant, Look, Person
from throughcare.sharing.rule import condition, open_grants, readable, sight
from throughcare.web.faults import NotAllowed

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
SUMMER = worlds.BEGAN - timedelta(days=120)


def rows(name: str) -> list[dict[str, str]]:
    with (Path(DATA) / "sharing" / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


ROLES = {row["code"]: row["may_have_records"] == "yes" for row in rows("roles")}
CATEGORIES = {row["code"]: row["example_fields"].split(";") for row in rows("categories")}
TABLE = {(row["category"], row["role"]): row for row in rows("matrix")}
KEPT = ("referral_sent", "while_in_custody", "release_planned")
"""The conditions whose facts this version keeps. Every other one is false, whoever asks."""


@dataclass(frozen=True)
class Truth:
    """What is so of one person, for the reader's service at NOW."""

    grant_open: bool = False
    referral_sent: bool = False
    while_in_custody: bool = False
    release_planned: bool = False


def may_read(role: str, category: str, truth: Truth, *, own_item: bool, field: str = "") -> bool:
    """The oracle: what the CSV files say, in plain Python."""
    row = TABLE[category, role]
    if not truth.grant_open or not ROLES[role] or row["access"] not in ("see", "summary"):
        return False
    for code in (row["condition_code_1"], row["condition_code_2"]):
        if code in KEPT and not getattr(truth, code):
            return False
        if code == "own_organisation_record" and not own_item:
            return False
        if code not in ("", "grant_open", "own_organisation_record", *KEPT):
            return False
    return not field or row["access"] == "see" or field in row["summary_fields"].split(";")


def give(record: Record, *, service: int | None = None, user: int | None = None, **more: Any) -> None:
    """Plant a grant, as a kind of act that is not built yet would open one."""
    values = {"kind": Grant.HAND_OVER, "basis": "planted", "since": worlds.BEGAN, "source": "planted"} | more
    with acting(SYSTEM, NOW):
        Grant(person_id=record.person_id, record=record.pk, service_id=service, user_id=user, **values).save()
        say("grant.planted", by=SYSTEM, at=NOW)


@dataclass(frozen=True)
class Cast:
    """The reader, at Riverside, which covers the custody suite; a colleague organisation's worker; and the places."""

    reader: Actor
    colleague: Actor
    other: Actor
    stranger: Actor
    suite: Site
    elsewhere: Site

    @property
    def riverside(self) -> Service:
        return Service.objects.get(pk=self.reader.service)

    @property
    def aldergate(self) -> Service:
        return Service.objects.get(pk=self.other.service)

    def held(
        self,
        by: Actor,
        at: Site,
        *,
        since: datetime = SUMMER,
        until: datetime | None = None,
        release: date | None = None,
    ) -> Record:
        record = worlds.person(by)
        stay = worlds.held(record, at, since=since)
        if release:
            custody.set_release_date(by=SYSTEM, at=worlds.BEGAN, stay=stay, release_date=release)
        if until:
            custody.leave(by=SYSTEM, at=until, stay=stay, until=until)
        return record


@pytest.fixture
def cast() -> Cast:
    suite, elsewhere = worlds.site("Custody suite", "custody suite"), worlds.site("HMP Elsewhere")
    body = worlds.organisation("Riverside Recovery")
    riverside = worlds.service("Riverside, duty team", of=body, sites=[suite])
    other = worlds.worker(at=worlds.service("Aldergate", sites=[elsewhere]))
    return Cast(
        reader=worlds.worker(at=riverside),
        colleague=worlds.worker(at=worlds.service("Riverside, young people", of=body)),
        other=other,
        stranger=worlds.worker(),
        suite=suite,
        elsewhere=elsewhere,
    )


IN_84, IN_85 = NOW.date() + timedelta(days=84), NOW.date() + timedelta(days=85)
AGO_21, AGO_22 = NOW.date() - timedelta(days=21), NOW.date() - timedelta(days=22)
Made = Callable[[Cast], Record]


def passed(verb: str, **facts: object) -> Made:
    """A hand-over from elsewhere to the reader's service, opened, and then the step `verb` taken."""

    def made(cast: Cast) -> Record:
        record = worlds.person(cast.other)
        hand_over = worlds.sent(cast.other, record, cast.riverside)
        by = cast.other if verb in ("withdraw", "reroute") else cast.reader
        if verb in ("accept", "decline"):
            worlds.take(cast.reader, hand_over, "open_by_receiver")
        values = {"receiving_service": str(cast.stranger.service)} if verb == "reroute" else {}
        worlds.take(by, hand_over, verb, **values, **facts)
        return record

    return made


def sent_on(cast: Cast) -> Record:
    """Sent to the reader's service, rerouted, and sent to another."""
    record = passed("reroute", area_of_return="X99000001", reason="Moved")(cast)
    hand_over = record.case_set.get().hand_over
    worlds.take(cast.other, hand_over, "send")
    return record


def planted(**more: Any) -> Made:
    def made(cast: Cast) -> Record:
        record = worlds.person(cast.other)
        give(record, **({"service": cast.reader.service} | more))
        return record

    return made


def to_user(whose: str, **more: Any) -> Made:
    def made(cast: Cast) -> Record:
        record = worlds.person(cast.other)
        give(record, user=getattr(cast, whose).user, **more)
        return record

    return made


def own_and_sent(cast: Cast, then: tuple[str, ...] = ()) -> Record:
    record = worlds.person(cast.reader)
    hand_over = worlds.sent(cast.reader, record, cast.aldergate)
    for verb in then:
        facts = {"decline_reason": "moved_away"} if verb == "decline" else {}
        worlds.take(cast.other, hand_over, verb, **facts)
    return record


def drafted_to_us(cast: Cast) -> Record:
    record = worlds.person(cast.other)
    worlds.drafted(cast.other, record, cast.riverside)
    return record


ONE_MINUTE = timedelta(minutes=1)
WORLDS: Mapping[str, tuple[Made, Truth]] = {
    "known to another organisation only": (lambda c: worlds.person(c.other), Truth()),
    "known to another team of our organisation": (lambda c: worlds.person(c.colleague), Truth()),
    "ours": (lambda c: worlds.person(c.reader), Truth(grant_open=True)),
    "ours, and sent by us": (own_and_sent, Truth(grant_open=True, referral_sent=True)),
    "ours, sent by us and declined": (
        lambda c: own_and_sent(c, ("open_by_receiver", "decline")),
        Truth(grant_open=True),
    ),
    "drafted to us": (drafted_to_us, Truth()),
    "sent to us": (
        lambda c: worlds.sent(c.other, worlds.person(c.other), c.riverside).case.record,
        Truth(grant_open=True, referral_sent=True),
    ),
    "sent to us and opened": (passed("open_by_receiver"), Truth(grant_open=True, referral_sent=True)),
    "sent to us and accepted": (
        lambda c: passed(
            "accept",
            appointment_time="2026-12-03T10:00:00+00:00",
            place="Room 2",
            coordination_owner=str(c.reader.user),
        )(c),
        Truth(grant_open=True, referral_sent=True),
    ),
    "sent to us and declined": (passed("decline", decline_reason="moved_away"), Truth()),
    "sent to us and withdrawn": (passed("withdraw", reason="Not leaving"), Truth()),
    "sent to us and rerouted": (passed("reroute", area_of_return="X99000001", reason="Moved"), Truth()),
    "sent to us and on to another": (sent_on, Truth()),
    "sent between two others": (
        lambda c: worlds.sent(c.other, worlds.person(c.other), Service.objects.get(pk=c.stranger.service)).case.record,
        Truth(),
    ),
    "held at our site": (
        lambda c: c.held(c.other, c.suite),
        Truth(grant_open=True, while_in_custody=True),
    ),
    "held at our site, leaves in 84 days": (
        lambda c: c.held(c.other, c.suite, release=IN_84),
        Truth(grant_open=True, while_in_custody=True, release_planned=True),
    ),
    "held at our site, leaves in 85 days": (
        lambda c: c.held(c.other, c.suite, release=IN_85),
        Truth(grant_open=True, while_in_custody=True),
    ),
    "left our site": (
        lambda c: c.held(c.other, c.suite, until=NOW - ONE_MINUTE, release=NOW.date()),
        Truth(release_planned=True),
    ),
    "leaves our site this very moment": (
        lambda c: c.held(c.other, c.suite, until=NOW, release=NOW.date()),
        Truth(release_planned=True),
    ),
    "ours, left 21 days ago": (
        lambda c: c.held(c.reader, c.suite, until=NOW - timedelta(days=21), release=AGO_21),
        Truth(grant_open=True, release_planned=True),
    ),
    "ours, left 22 days ago": (
        lambda c: c.held(c.reader, c.suite, until=NOW - timedelta(days=22), release=AGO_22),
        Truth(grant_open=True),
    ),
    "ours, held at a site of others": (lambda c: c.held(c.reader, c.elsewhere), Truth(grant_open=True)),
    "ours, leaves a site of others": (
        lambda c: c.held(c.reader, c.elsewhere, release=IN_84),
        Truth(grant_open=True, release_planned=True),
    ),
    "ours, comes to our site in a minute": (
        lambda c: c.held(c.reader, c.suite, since=NOW + ONE_MINUTE),
        Truth(grant_open=True),
    ),
    "held at a site of others": (lambda c: c.held(c.other, c.elsewhere, release=IN_84), Truth(release_planned=True)),
    "a grant that ended": (planted(until=NOW - ONE_MINUTE), Truth()),
    "a grant that ends this very moment": (planted(until=NOW), Truth()),
    "a grant that ends in a minute": (planted(until=NOW + ONE_MINUTE), Truth(grant_open=True)),
    "a grant that begins this very moment": (planted(since=NOW), Truth(grant_open=True)),
    "a grant that begins in a minute": (planted(since=NOW + ONE_MINUTE), Truth()),
    "a grant that was withdrawn": (planted(withdrawn_at=NOW - ONE_MINUTE), Truth()),
    "a grant to the reader alone": (to_user("reader"), Truth(grant_open=True)),
    "a grant to the reader alone that ended": (to_user("reader", until=NOW - ONE_MINUTE), Truth()),
    "a grant to another user": (to_user("stranger"), Truth()),
    "a grant to another service": (lambda c: planted(service=c.stranger.service)(c), Truth()),
}


def test_the_list_the_page_and_the_table_agree_for_every_role_category_and_world(cast: Cast) -> None:
    assert (len(ROLES), len(CATEGORIES)) == (33, 36)
    made = {made(cast).person_id: (name, truth) for name, (made, truth) in WORLDS.items()}
    assert len(made) == len(WORLDS)
    records = [(r.pk, r.person_id, r.organisation_id) for r in Record.objects.all()]
    disagree = []
    allowed = refused = 0
    for role in ROLES:
        actor = replace(cast.reader, role=role)
        seen = {}
        for person in made:
            try:
                seen[person] = sight(actor, person, NOW)
            except NotAllowed:
                assert not (made[person][1].grant_open and ROLES[role])
        for category, fields in CATEGORIES.items():
            people = set(readable(Person.objects.all(), actor, category, NOW, person="pk").values_list("pk", flat=True))
            items = set(
                readable(Record.objects.all(), actor, category, NOW, organisation="organisation").values_list(
                    "pk", flat=True
                )
            )
            for person, (name, truth) in made.items():
                one = seen.get(person)
                page = one is not None and one.reads(category)
                if page != may_read(role, category, truth, own_item=True):
                    disagree.append(f"page: {role}, {category}, {name}: {page}")
                # A person is nobody's item: what asks for the reader's own organisation finds none in a list of people.
                if (person in people) != may_read(role, category, truth, own_item=False):
                    disagree.append(f"list: {role}, {category}, {name}: {person in people}")
                for field in fields:
                    field_shown = one is not None and one.reads(category, field)
                    if field_shown != may_read(role, category, truth, own_item=True, field=field):
                        disagree.append(f"field: {role}, {category}, {field}, {name}: {field_shown}")
                allowed, refused = allowed + page, refused + (not page)
            for record, person, organisation in records:
                expected = may_read(role, category, made[person][1], own_item=organisation == actor.organisation)
                one = seen.get(person)
                shown = one is not None and one.reads_item(category, organisation)
                if not (expected == shown == (record in items)):
                    disagree.append(f"item: {role}, {category}, {made[person][0]}: {shown}, {record in items}")
    assert disagree == []
    assert allowed > 1000, "hardly anything was allowed: the worlds prove nothing"
    assert refused > 10_000


def test_the_people_on_the_list_are_those_whose_page_opens(cast: Cast) -> None:
    made = [made(cast).person_id for made, _ in WORLDS.values()]
    listed = set(worlds.visible_people(cast.reader, NOW).values_list("pk", flat=True))
    opens = set()
    for person in made:
        try:
            if sight(cast.reader, person, NOW).reads("identity_core"):
                opens.add(person)
        except NotAllowed:
            pass
    assert listed == opens
    assert 0 < len(listed) < len(made)


def test_sight_is_one_query_and_gives_the_grants_as_the_reason(
    cast: Cast, queries: Callable[[int], AbstractContextManager[None]]
) -> None:
    record = own_and_sent(cast)
    with queries(1):
        seen = sight(cast.reader, record.person_id, NOW)
        assert {grant.kind for grant in seen.grants} == {Grant.OWN, Grant.HAND_OVER}
        assert all(grant.service is not None and grant.service.name for grant in seen.grants)


@pytest.mark.parametrize("role", ["wizard", "", "system", "person"])
def test_a_role_that_no_member_of_staff_holds_reads_nothing(cast: Cast, role: str) -> None:
    record = worlds.person(cast.reader)
    actor = replace(cast.reader, role=role)
    for category in CATEGORIES:
        assert not readable(Person.objects.all(), actor, category, NOW, person="pk").exists()
    if role == "person":  # who reads only their own record, by a condition that is not kept yet
        assert sight(actor, record.person_id, NOW).rules == {}
    else:
        with pytest.raises(NotAllowed, match="SH-101"):
            sight(actor, record.person_id, NOW)


def test_a_category_that_is_not_in_the_table_is_read_by_nobody(cast: Cast) -> None:
    record = worlds.person(cast.reader)
    assert not sight(cast.reader, record.person_id, NOW).reads("gossip")
    assert not sight(cast.reader, record.person_id, NOW).reads_item("gossip", cast.reader.organisation)
    assert not readable(Person.objects.all(), cast.reader, "gossip", NOW, person="pk").exists()


def test_a_condition_whose_facts_are_not_kept_is_false_until_its_room_registers_it(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rule, "_holds", dict(rule._holds))
    category, role = next(
        key
        for key, row in TABLE.items()
        if row["condition_code_1"] == "consent_written_open" and not row["condition_code_2"] and row["access"] == "see"
    )
    actor = replace(cast.reader, role=role)
    record = worlds.person(cast.reader)
    assert "Written consent in force" in rule.not_built()

    def reads() -> tuple[bool, bool]:
        listed = readable(Person.objects.all(), actor, category, NOW, person="pk").exists()
        return sight(actor, record.person_id, NOW).reads(category), listed

    assert reads() == (False, False)
    people = Person.objects.all()
    condition("consent_written_open", lambda actor, now, person: rule.Exists(people.filter(pk=rule.OuterRef(person))))
    assert reads() == (True, True)
    assert "Written consent in force" not in rule.not_built()


def test_a_condition_that_is_not_in_the_table_cannot_be_registered() -> None:
    with pytest.raises(ValueError, match="friend_of_a_friend"):
        condition("friend_of_a_friend", lambda actor, now, person: rule.Exists(Person.objects.all()))


@pytest.mark.parametrize("role", [role for role, may in ROLES.items() if not may])
def test_a_role_that_holds_no_records_reads_nothing_whatever_grants_exist(role: str) -> None:
    owner = worlds.worker()
    record = worlds.person(owner, "Josephine", "Adeyemi")
    reader = worlds.worker(role)
    give(record, service=reader.service)
    give(record, user=reader.user)
    assert not open_grants(reader, NOW).exists()
    with pytest.raises(NotAllowed, match="SH-101"):
        sight(reader, record.person_id, NOW)
    client = worlds.signed_in(reader)
    for url in (f"/people/{record.person_id}/", "/people/", "/people/?q=Adeyemi", "/hand-overs/", "/"):
        page = client.get(url)
        assert page.status_code in (200, 403)
        assert "Josephine" not in page.content.decode()
    assert client.get(f"/people/{record.person_id}/").status_code == 403


def test_the_roles_that_hold_no_records_are_these() -> None:
    nobody = {role for role, may in ROLES.items() if not may}
    assert nobody >= {"commissioner", "police_investigator", "cps", "administrator", "national_analyst"}


def test_somebody_who_acts_for_no_service_does_not_use_a_grant_that_names_another_user(cast: Cast) -> None:
    """A grant to a user names no service; "no service" must not match "no service"."""
    record = worlds.person(cast.other)
    give(record, user=cast.stranger.user)
    nobody = Actor(user=cast.reader.user, user_name="", role="keyworker", role_name="")
    assert not open_grants(nobody, NOW).exists()
    assert not open_grants(replace(nobody, user=None, service=cast.colleague.service), NOW).exists()


def test_nothing_is_read_before_the_table_came_into_force(cast: Cast) -> None:
    record = worlds.person(cast.other)
    give(record, service=cast.reader.service, since=SUMMER)
    midnight = datetime(2026, 11, 22, tzinfo=UTC)
    assert sight(cast.reader, record.person_id, midnight - ONE_MINUTE).rules == {}
    assert not worlds.visible_people(cast.reader, midnight - ONE_MINUTE).exists()
    assert sight(cast.reader, record.person_id, midnight).reads("identity_core")
    assert worlds.visible_people(cast.reader, midnight).get().pk == record.person_id


def test_a_release_is_counted_in_days_of_london(cast: Cast) -> None:
    """Half past midnight on 1 July in London is still 30 June in UTC."""
    late = datetime(2027, 6, 30, 23, 30, tzinfo=UTC)
    near = cast.held(cast.reader, cast.elsewhere, release=date(2027, 7, 1) + timedelta(days=84))
    far = cast.held(cast.reader, cast.elsewhere, release=date(2027, 7, 1) + timedelta(days=85))
    category, role = next(
        key
        for key, row in TABLE.items()
        if row["condition_code_1"] == "release_planned" and not row["condition_code_2"] and row["access"] == "see"
    )
    actor = replace(cast.reader, role=role)
    assert sight(actor, near.person_id, late).reads(category)
    assert not sight(actor, far.person_id, late).reads(category)
    assert not sight(actor, near.person_id, late - timedelta(hours=1)).reads(category)


@pytest.mark.parametrize("who", ["known to another service", "nobody at all", "a number beyond any"])
def test_the_refusal_of_a_reading_is_kept_once_and_is_the_same_whether_the_person_exists(who: str) -> None:
    keyworker = worlds.worker()
    known = worlds.person(worlds.worker(), "Josephine", "Adeyemi").person_id
    person = {"known to another service": known, "nobody at all": known + 1000, "a number beyond any": 10**18 - 1}[who]
    before = Event.objects.count()
    page = worlds.signed_in(keyworker).get(f"/people/{person}/")
    assert page.status_code == 403
    assert "SH-101" in page.content.decode()
    assert "Josephine" not in page.content.decode()
    [event] = Event.objects.filter(seq__gt=before)
    assert (event.verb, event.subject) == ("refused", "SH-101")
    assert (event.user, event.service, event.organisation) == (
        keyworker.user,
        keyworker.service,
        keyworker.organisation,
    )
    assert event.person == person
    assert not Look.objects.filter(person__isnull=False).exists()


def test_the_two_refusals_say_the_same_words() -> None:
    client = worlds.signed_in(worlds.worker())
    known = worlds.person(worlds.worker()).person_id
    pages = [client.get(f"/people/{person}/", HTTP_ACCEPT="application/json") for person in (known, known + 1000)]
    assert pages[0].json() == pages[1].json()
    assert [page.status_code for page in pages] == [403, 403]


def test_a_refused_act_of_a_page_is_kept_once_too() -> None:
    keyworker, other = worlds.worker(), worlds.worker()
    record = worlds.person(other)
    hand_over = worlds.drafted(other, record, worlds.service())
    before = Event.objects.count()
    page = worlds.signed_in(keyworker).post(f"/cases/{hand_over.case_id}/send/", {"idempotency_key": "k", "version": 1})
    assert page.status_code == 403
    assert [event.verb for event in Event.objects.filter(seq__gt=before)] == ["refused"]


def test_nobody_stays_in_after_their_account_is_closed() -> None:
    keyworker = worlds.worker()
    client = worlds.signed_in(keyworker)
    assert client.get("/people/").status_code == 200
    User.objects.filter(pk=keyworker.user).update(is_active=False)
    assert client.get("/people/").headers["Location"].startswith("/sign-in/")
