"""Lives as rows, made in memory and written many at a time: the rows that the real actions would have written.

`write` follows the engine over the same tables of steps, so that a step or a clock added there appears here too. What
`handovers.room` adds to a step is followed by hand in `_Told._after` and in `_Released`; a test tells the same lives
both ways and compares every column.
"""

import heapq
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache, lru_cache, partial
from typing import Any

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import connection, models
from django.db.models import Max
from django.utils.timezone import localdate

from throughcare.accounts.models import User
from throughcare.appointments.models import Appointment
from throughcare.appointments.rules import ATTENDED, DID_NOT_ATTEND, IN_PERSON
from throughcare.demo import lives, names
from throughcare.demo.area import AREA
from throughcare.demo.lives import Act, Answers, Life, Prescribed, Referral, Stay
from throughcare.demo.moments import READ, WORKER
from throughcare.events.actor import SYSTEM, Actor
from throughcare.handovers.models import CustodyStay, HandOver, PrescribingCover, Readiness, Release, Sheet
from throughcare.handovers.process.hand_over import BASES, HAND_OVER, TAKEN_ON, TO_ANSWER, next_step
from throughcare.handovers.process.release import RELEASE
from throughcare.handovers.room.hand_over import COVERED_BY, ENDS_FOR_BOTH, ENDS_FOR_RECEIVER, OUTCOME_READABLE
from throughcare.messages.models import Message
from throughcare.messages.outbox import TODAY
from throughcare.organisations.models import AreaServed, Membership, Organisation, Service, Site
from throughcare.people.actions import OWN_BASIS, Identity
from throughcare.people.models import Identifier, Link, Record
from throughcare.people.rules import key
from throughcare.processes.actions import counted_from
from throughcare.processes.models import Case, Due, StepTaken, Strand
from throughcare.processes.table import RECEIVER, SENDER, Condition, Step
from throughcare.reference.calendar import LAST_SECOND, LONDON, due_at
from throughcare.reference.calendar import Due as Deadline
from throughcare.reference.sharing import rules_for
from throughcare.sharing.models import Grant, Person
from throughcare.sharing.rule import READS, Sight

COLUMNS: Mapping[type[models.Model], str] = {
    Organisation: "id name kind lead_name lead_telephone",
    Site: "id organisation_id name kind",
    Service: "id organisation_id name kind telephone mailbox manager_name manager_telephone takes_hand_overs",
    Service.sites.through: "id service_id site_id",
    AreaServed: "id service_id area front_door",
    User: "id password last_login email name telephone is_active",
    Membership: "id user_id service_id role since until",
    Person: "id",
    Record: "id person_id organisation_id service_id given_name family_name preferred_name date_of_birth address area "
    "telephone email safe_contact may_email may_name_service given_key family_key made_up opened_at form",
    Identifier: "id record_id kind value",
    Link: "id record_id from_person_id to_person_id reason weight by_id at",
    CustodyStay: "id person_id record_id site_id since until release_date event_id",
    Sheet: "id person_id record_id organisation_id items version changed_at",
    PrescribingCover: "id person_id record_id prescriber telephone covered_until next_prescriber next_telephone "
    "next_from at user_id service_id replaced_at",
    Grant: "id person_id service_id user_id record kind basis source since until withdrawn_at",
    Case: "id process person_id record_id opened_at closed_at paused_at ended_by version",
    Strand: "id case_id name state since",
    StepTaken: "id case_id strand row verb from_state to_state at user_id service_id by_name facts flags version key",
    Due: "id case_id strand clock started_at due_at verified owner_id user_id met_at missed_at paused_at replaced_at",
    HandOver: "case_id sender_id receiver_id written_by_id reason asked basis safe_contact opioid_agonist_medicine "
    "urgent attached sent_at owner_id owner_name ladder owed_by",
    Release: "case_id stay_id legal_status could_leave left_at unplanned",
    Readiness: "id case_id code state words at by_id service_id key",
    Appointment: "id person_id service_id case_id starts_at way place room booked_at booked_by_id replaces_id first_id "
    "replaced_at outcome cancelled_by reason words outcome_at outcome_by_id version form",
    Message: "id service_id verb case written_at delivered_at channel put_away_at put_away_by_id",
}
"""The columns of each table in the order in which `Rows.add` takes their values; parents before children."""

Row = Sequence[Any]


class Rows:
    """Rows waiting to be written, with ids that go on from those in the database. Nobody else may write meanwhile."""

    def __init__(self) -> None:
        self._ids = {model: (model._default_manager.aggregate(Max("pk"))["pk__max"] or 0) for model in COLUMNS}
        self._waiting: dict[type[models.Model], list[Row]] = {model: [] for model in COLUMNS}
        self.written: dict[str, int] = {}

    def add(self, model: type[models.Model], *values: Any) -> int:
        """Add one row; the values are all its columns but its id, which is returned."""
        pk = self.next_id(model)
        self._waiting[model].append((pk, *values))
        return pk

    def next_id(self, model: type[models.Model]) -> int:
        """The id of a row that is added later, by `add_with_key`."""
        self._ids[model] += 1
        return self._ids[model]

    def add_with_key(self, model: type[models.Model], *values: Any) -> None:
        """Add one row whose first value is its key."""
        self._waiting[model].append(values)

    def flush(self) -> None:
        """Write what waits, in the order of COLUMNS."""
        for model, rows in self._waiting.items():
            if rows:
                insert(model, rows)
                table = model._meta.db_table
                self.written[table] = self.written.get(table, 0) + len(rows)
                rows.clear()

    def finish(self) -> None:
        """Write the rest, and have the database's own counters go on after the ids given here."""
        from django.core.management.color import no_style

        self.flush()
        statements = connection.ops.sequence_reset_sql(no_style(), list(COLUMNS))
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


def insert(model: type[models.Model], rows: Sequence[Row]) -> None:
    """Write rows in the quickest way that the database has: COPY on PostgreSQL, one prepared statement on SQLite."""
    columns = COLUMNS[model].split()
    table, listed = connection.ops.quote_name(model._meta.db_table), ", ".join(f'"{name}"' for name in columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({listed}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            places = ", ".join(["%s"] * len(columns))
            moments = [n for n, name in enumerate(columns) if _is_moment(model, name)]
            cursor.executemany(
                f"INSERT INTO {table} ({listed}) VALUES ({places})",  # noqa: S608 names of our own models
                _as_text(rows, moments),
            )


def _is_moment(model: type[models.Model], column: str) -> bool:
    return any(
        isinstance(field, models.DateTimeField) and field.column == column for field in model._meta.concrete_fields
    )


def _as_text(rows: Sequence[Row], moments: Sequence[int]) -> list[list[Any]]:
    """SQLite keeps moments as text, as Django would write them."""
    copies = [list(row) for row in rows]
    for values in copies:
        for n in moments:
            if values[n] is not None:
                values[n] = _moment_text(values[n])
    return copies


@lru_cache(maxsize=100_000)
def _moment_text(at: datetime) -> str:
    return str(connection.ops.adapt_datetimefield_value(at))


def add_further_patches(rows: Rows, count: int, at: datetime) -> None:
    """Prisons and treatment services beside those of Northbridge, each with two workers. Nobody signs in as them."""
    for n in range(1, count + 1):
        prison = rows.add(Organisation, f"HM Prison Example {n}", "prison", "Kim Lowe", names.telephone(n))
        site = rows.add(Site, prison, f"HMP Example {n}", "prison")
        service = _service(rows, prison, lives.further_prison_service(n), "prison substance misuse service", n)
        rows.add(Service.sites.through, service, site)
        _staff(rows, service, "prison_drug_worker", f"prison-{n}", at)
        provider = rows.add(
            Organisation, f"Example Recovery {n}", "treatment provider", "Ros Hale", names.telephone(n + 300)
        )
        service = _service(rows, provider, lives.further_treatment_service(n), "adult drug and alcohol service", n)
        _staff(rows, service, "keyworker", f"recovery-{n}", at)


def _service(rows: Rows, organisation: int, name: str, kind: str, n: int) -> int:
    mailbox = f"{key(name)}@services.example.net"
    service = rows.add(
        Service,
        organisation,
        name,
        kind,
        names.telephone(n + 100),
        mailbox,
        "Val Tremlett",
        names.telephone(n + 200),
        True,
    )
    rows.add(AreaServed, service, AREA, False)
    return service


def _staff(rows: Rows, service: int, role: str, words: str, at: datetime) -> None:
    for n in (1, 2):
        email = f"{words}.{n}@example.org"
        name = f"{names.GIVEN[(service * 7 + n) % len(names.GIVEN)]} {names.FAMILY[service * 11 % len(names.FAMILY)]}"
        user = rows.add(User, f"{UNUSABLE_PASSWORD_PREFIX}nobody", None, email, name, names.mobile(service + n), True)
        rows.add(Membership, user, service, role, at, None)


def write(rows: Rows, life: Life, until: datetime) -> None:
    """Add all rows of one life, as it stands at `until`."""
    person = rows.add(Person)
    record = _record(rows, person, life.identity, life.by, life.opened_at, "New to this service")
    agenda, release = _Agenda(), None
    if life.sheet:
        _sheet(rows, person, record, life.sheet)
    if life.prescribed:
        _prescriber(rows, person, record, life.prescribed)
    if life.stay:
        stay = _stay(rows, person, record, life.stay)
        release = _Released(rows, agenda, life, life.stay, stay, person, record)
    if life.referral:
        _Told(rows, agenda, release, life, life.referral, person, record, localdate(until)).tell(until)
    agenda.work(until)
    if release:
        release.store()


def _record(rows: Rows, person: int, identity: Identity, by: Actor, at: datetime, reason: str) -> int:
    record = rows.add(
        Record,
        person,
        by.organisation,
        by.service,
        identity.given_name,
        identity.family_name,
        identity.preferred_name,
        identity.date_of_birth,
        identity.address,
        identity.area,
        identity.telephone,
        identity.email,
        identity.safe_contact,
        identity.may_email,
        identity.may_name_service,
        _key(identity.given_name),
        _key(identity.family_name),
        True,
        at,
        None,
    )
    rows.add(Link, record, None, person, reason, None, by.user, at)
    for kind, value in ((Identifier.NHS, identity.nhs_number), (Identifier.PRISON, identity.prison_number)):
        if value:
            rows.add(Identifier, record, kind, value)
    rows.add(Grant, person, by.service, None, record, Grant.OWN, OWN_BASIS, f"record {record}", at, None, None)
    return record


_key = lru_cache(maxsize=20_000)(key)


def _stay(rows: Rows, person: int, record: int, stay: Stay) -> int:
    pk = rows.add(CustodyStay, person, record, stay.held.id, stay.since, stay.until, stay.release_date, None)
    basis, source = f"Held at {stay.held.name}", f"stay {pk}"
    for service in sorted(stay.held.covered_by):
        rows.add(Grant, person, service, None, record, Grant.CUSTODY, basis, source, stay.since, stay.until, None)
    return pk


def _sheet(rows: Rows, person: int, record: int, told: Answers) -> None:
    where = {
        "as_at": told.at.isoformat(),
        "source": told.source,
        "confirmed_by": told.confirmed_by,
        "entered_by": told.by.user_name,
    }
    items = {code: {"value": value} | where for code, value in told.values.items()}
    rows.add(Sheet, person, record, told.by.organisation, json.dumps(items), 1, told.at)


def _prescriber(rows: Rows, person: int, record: int, told: Prescribed) -> None:
    cover = told.cover
    now = (cover.prescriber, told.telephone, cover.covered_until)
    following = (cover.next_prescriber, "", cover.next_from)
    rows.add(PrescribingCover, person, record, *now, *following, told.at, told.by.user, told.by.service, None)


@cache
def _step(state: str, verb: str, urgent: str, prescribed: str) -> Step | None:
    """The row of the table for this verb in this state, chosen by the two facts that guards look at."""
    facts = {"urgent": urgent, "prescribed_leaving_custody": prescribed}
    for step in HAND_OVER.steps:
        if step.from_ == state and step.verb == verb and all(Condition.parse(g).holds(facts) for g in step.guard):
            return step
    return None


@cache
def _release_step(state: str, verb: str) -> Step | None:
    """The row of the release table for this verb in this state; those that are told here need no guard."""
    return next((s for s in RELEASE.steps if s.from_ == state and s.verb == verb and not s.guard), None)


@lru_cache(maxsize=100_000)
def _deadline(clock: str, start: datetime) -> Deadline:
    counted = HAND_OVER.clocks[clock]
    return due_at(counted.counting_rule, counted.value, counted.unit, start)


@lru_cache(maxsize=1000)
def _sight(by: Actor, on: date) -> Sight:
    """What a receiver may read of somebody handed over to them: rows that ask for no more than an open grant."""
    table = rules_for(by.role, on)
    rules = {code: row for code, row in table.items() if row.access in READS and row.conditions == ("grant_open",)}
    return Sight(actor=by, grants=(), rules=rules)


def taken_on(identity: Identity, by: Actor, on: date) -> Identity:
    """The identity that an accepting service begins its own record with; see `handovers.room.hand_over`.

    on: the day the world is told, whose table counts for acceptances before it too, because some lives are older.
    """
    seen = _sight(by, on)
    identity = replace(identity, nhs_number="", prison_number="")
    if not seen.reads("identity_core", "address"):
        identity = replace(identity, address="", area="")
    if not seen.reads("identity_core", "date_of_birth"):
        identity = replace(identity, date_of_birth=None)
    if not seen.reads("safe_contact"):
        identity = replace(identity, telephone="", email="", safe_contact="", may_email=False, may_name_service=False)
    return identity


DELIVER, READ_IT, MISS = range(3)


class _Agenda:
    """What the worker and the readers of messages will do: when, which first, and what."""

    def __init__(self) -> None:
        self._comes: list[tuple[datetime, int, int, Callable[[datetime], None]]] = []
        self._added = 0

    def add(self, at: datetime, what: int, do: Callable[[datetime], None]) -> None:
        self._added += 1
        heapq.heappush(self._comes, (at, what, self._added, do))

    def work(self, until: datetime) -> None:
        while self._comes and self._comes[0][0] <= until:
            at, _, _, do = heapq.heappop(self._comes)
            do(at)


@dataclass(slots=True)
class _Due:
    strand: str
    clock: str
    started_at: datetime
    at: Deadline
    owner: int | None
    met: datetime | None = None
    missed: datetime | None = None
    replaced: datetime | None = None


@dataclass(slots=True)
class _Message:
    service: int
    verb: str
    written: datetime
    delivered: datetime | None = None
    put_away: datetime | None = None

    def read(self, at: datetime) -> None:
        self.put_away = at


@dataclass(slots=True)
class _Booked:
    service: int
    at: datetime
    by: int | None
    starts_at: datetime
    place: str
    replaced: datetime | None = None
    came: tuple[str, datetime, int | None] | None = None


@dataclass(slots=True)
class _Grant:
    service: int
    since: datetime
    until: datetime | None = None


class _Told:
    """One hand-over as it is told: what the engine keeps, until it is added as rows."""

    def __init__(
        self,
        rows: Rows,
        agenda: _Agenda,
        release: "_Released | None",
        life: Life,
        referral: Referral,
        person: int,
        record: int,
        on: date,
    ) -> None:
        self.agenda, self.release = agenda, release
        self.rows, self.life, self.referral, self.person, self.record = rows, life, referral, person, record
        self.on = on
        self.sender, self.receiver = referral.by.service, referral.receiver
        self.state, self.since, self.version = "drafted", referral.at, 1
        self.closed: datetime | None = None
        self.outcome: tuple[str, datetime] | None = None
        self.sent: datetime | None = None
        self.owner: int | None = None
        self.ladder = self.owed_by = ""
        self.basis, self.basis_words = BASES[0]
        self.dues: list[_Due] = []
        self.messages: list[_Message] = []
        self.grants: list[_Grant] = []
        self.appointments: list[_Booked] = []
        self.steps: list[Row] = []
        self.known = {self.sender}
        self.case = rows.next_id(Case)

    def tell(self, until: datetime) -> None:
        referral = self.referral
        facts = {"person": self.person, "receiving_service": referral.receiver, "reason": referral.reason}
        step = _step("new", "draft", "", "")
        assert step is not None
        self._keep(step, "new", referral.at, referral.by, facts)
        if self.release:
            self.release.hand_over = self
        for act in referral.acts:
            self._leave_before(act.at)
            self.agenda.work(act.at)
            self._take(act)
        self._leave_before(until)
        self.agenda.work(until)
        self._store()

    def _leave_before(self, at: datetime) -> None:
        """The person leaves prison when their time has come."""
        if self.release and self.release.leaves_by(at):
            self.release.leave()

    def _deliver(self, message: _Message, at: datetime) -> None:
        message.delivered = at
        self.agenda.add(at + READ, READ_IT, message.read)
        if message.verb == "send" and self.state == "sent" and message.service == self.receiver:
            self._take(Act(at, SYSTEM, "deliver", {"delivery_time": at.isoformat(), "channel": TODAY}))

    def _miss(self, due: _Due, at: datetime) -> None:
        if due.met is not None or due.replaced is not None:
            return
        due.missed = at
        if _step(self.state, "escalate", "", ""):
            facts = {
                "missed_clock": due.clock,
                "ladder_step": next_step(self.ladder),
                "owed_by": SENDER if self.state == "question_asked" else RECEIVER,
            }
            self._take(Act(at, SYSTEM, "escalate", facts))

    def _take(self, act: Act) -> None:
        facts = dict(act.facts) | self._derived(act)
        step = _step(self.state, act.verb, self.referral.urgent, str(facts.get("prescribed_leaving_custody", "")))
        assert step is not None, f"{act.verb} is not possible while {self.state}"
        self.version += 1
        before, self.state, self.since = self.state, step.to, act.at
        self._stop_clocks(step, act.at)
        if step.to in HAND_OVER.final:
            self.closed = act.at
        self._keep(step, before, act.at, act.by, facts)
        told = self._told(step)
        self._after(act, facts)
        self._start_clocks(step, act.at)
        self._post(told, step.verb, act.at)
        if "apply main book_contact" in step.opens and "appointment_time" in facts:
            booked = {code: facts[code] for code in ("appointment_time", "place")}
            self._take(Act(act.at, act.by, "book_contact", booked))
        if self.release:
            for opened in step.opens:
                if opened.startswith("apply release "):
                    self.release.apply(opened.removeprefix("apply release "), facts, act.at)
        if "open hand_over outcome" in step.opens:
            self._tell_outcome(facts, act.at)

    def _tell_outcome(self, facts: Mapping[str, object], at: datetime) -> None:
        """The strand beside the hand-over: what came of it is owed to the sender, and told at once."""
        state = "new"
        for verb, fact in (("open_outcome_watch", "closed_time"), ("notify_outcome", "told_time")):
            facts = {"outcome": facts["outcome"], fact: at.isoformat()}
            step = _step(state, verb, "", "")
            assert step is not None
            self.version += 1
            self._stop_clocks(step, at)
            self._keep(step, state, at, SYSTEM, facts)
            self._start_clocks(step, at)
            self._post(self._told(step), verb, at)
            state = step.to
        self.outcome, self.closed = (state, at), at

    def _told(self, step: Step) -> list[int]:
        """Whom a step tells; asked before the room moves."""
        named = (o.removeprefix("notify ") for o in step.opens if o.startswith("notify "))
        return [service for service in dict.fromkeys(map(self._service_of, named)) if service is not None]

    def _post(self, told: Sequence[int], verb: str, at: datetime) -> None:
        for service in told:
            message = _Message(service, verb, at)
            self.agenda.add(at + WORKER, DELIVER, partial(self._deliver, message))
            self.messages.append(message)

    def _derived(self, act: Act) -> dict[str, object]:
        referral = self.referral
        match act.verb:
            case "send":
                return {
                    "receiving_service": self.receiver,
                    "basis": self.basis,
                    "safe_contact": self.life.identity.safe_contact,
                    "opioid_agonist_medicine": referral.opioid_agonist_medicine,
                    "urgent": referral.urgent,
                }
            case "open_by_receiver":
                return {"opened_by": act.by.user_name, "opened_time": act.at.isoformat()}
            case "accept":
                why = "appointment" if "appointment_time" in act.facts else act.facts["no_appointment_reason"]
                prescribed = referral.opioid_agonist_medicine != "no" and self._leaving_custody(act.at)
                return {
                    "first_appointment_or_reason": why,
                    "prescribed_leaving_custody": "yes" if prescribed else "no",
                }
        return {}

    def _leaving_custody(self, at: datetime) -> bool:
        return self.release is not None and self.release.covers()

    def _stop_clocks(self, step: Step, at: datetime) -> None:
        for due in self.dues:
            if due.strand == step.strand and due.met is None and due.replaced is None:
                if due.clock in step.stops and step.verb not in HAND_OVER.replacing:
                    due.met = at
                elif due.clock in step.stops or step.to in HAND_OVER.final:
                    due.replaced = at

    def _start_clocks(self, step: Step, at: datetime) -> None:
        for clock in step.starts:
            deadline = _deadline(clock, at)
            due = _Due(step.strand, clock, at, deadline, self._service_of(HAND_OVER.clocks[clock].owner_role))
            self.agenda.add(deadline.at + WORKER, MISS, partial(self._miss, due))
            self.dues.append(due)

    def _service_of(self, role: str) -> int | None:
        return {SENDER: self.sender, RECEIVER: self.receiver}.get(role)

    def _after(self, act: Act, facts: Mapping[str, object]) -> None:
        """What `handovers.room.hand_over` does after a step."""
        if act.verb == "escalate":
            self.ladder, self.owed_by = str(facts["ladder_step"]), str(facts["owed_by"])
        elif act.verb != "deliver":
            self.ladder = self.owed_by = ""
        if act.verb in ENDS_FOR_RECEIVER or act.verb in ENDS_FOR_BOTH:
            for grant in self.grants:
                if grant.until is None and (act.verb in ENDS_FOR_BOTH or grant.service == self.receiver):
                    grant.until = act.at
        if act.verb == "close":
            for grant in self.grants:
                grant.until = grant.until or act.at + OUTCOME_READABLE
        if act.verb == "reroute":
            self.receiver, self.sent = int(str(facts["receiving_service"])), None
        if act.verb == "send":
            self.sent = act.at
            for service in (self.receiver, self.sender):
                if service is not None and not any(g.service == service and g.until is None for g in self.grants):
                    self.grants.append(_Grant(service, act.at))
        if act.verb == "accept":
            self.owner = int(str(facts["coordination_owner"]))
            if act.by.service not in self.known:
                self.known.add(act.by.service)
                identity = taken_on(self.life.identity, act.by, self.on)
                reason = f"Hand-over accepted (case {self.case})"
                _record(self.rows, self.person, identity, act.by, act.at, reason)
        last = self.appointments[-1] if self.appointments else None
        if last and not last.came and last.service == act.by.service:
            if act.verb == "record_contact" and localdate(last.starts_at).isoformat() == facts["contact_date"]:
                last.came = (ATTENDED, act.at, act.by.user)
            missed = act.verb == "record_not_reached" and facts["route"] == "appointment_missed"
            if missed and last.starts_at < datetime.fromisoformat(str(facts["attempt_time"])):
                last.came = (DID_NOT_ATTEND, act.at, act.by.user)
        if act.verb == "book_contact":
            self._book(act, datetime.fromisoformat(str(facts["appointment_time"])), str(facts["place"]))

    def _book(self, act: Act, starts_at: datetime, place: str) -> None:
        """In place of the one that stood until now; the very same one is not booked again."""
        last = self.appointments[-1] if self.appointments else None
        if last and not last.came:
            if (last.starts_at, last.place) == (starts_at, place):
                return
            last.replaced = act.at
        self.appointments.append(_Booked(self.receiver, act.at, act.by.user, starts_at, place))

    def _add_appointments(self) -> None:
        first = last = None
        version = 0
        for one in self.appointments:
            outcome, at, by = one.came or ("", None, None)
            version += 1
            new = self.rows.add(
                Appointment,
                self.person,
                one.service,
                self.case,
                one.starts_at,
                IN_PERSON,
                one.place,
                "",
                one.at,
                one.by,
                last,
                first,
                one.replaced,
                *(outcome, "", "", "", at, by, version + bool(one.came), None),
            )
            if one.replaced:
                first, last = first or new, new
            else:  # something came of it: the next one is a new one
                first, last, version = None, None, 0

    def _keep(self, step: Step, before: str, at: datetime, by: Actor, facts: Mapping[str, object]) -> None:
        self.rows.add(
            StepTaken,
            self.case,
            step.strand,
            step.id,
            step.verb,
            before,
            step.to,
            at,
            by.user,
            by.service,
            "",
            json.dumps(facts),
            "[]",
            self.version,
            None,
        )

    def _store(self) -> None:
        add, case, referral = self.rows.add, self.case, self.referral
        self.rows.add_with_key(
            Case, case, HAND_OVER.name, self.person, self.record, referral.at, self.closed, None, "", self.version
        )
        add(Strand, case, "main", self.state, self.since)
        if self.outcome:
            add(Strand, case, "outcome", *self.outcome)
        for due in self.dues:
            add(
                Due,
                case,
                due.strand,
                due.clock,
                due.started_at,
                due.at.at,
                due.at.verified,
                due.owner,
                None,
                due.met,
                due.missed,
                None,
                due.replaced,
            )
        self.rows.add_with_key(
            HandOver,
            case,
            self.sender,
            self.receiver,
            referral.by.user,
            referral.reason,
            referral.asked,
            self.basis,
            self.life.identity.safe_contact,
            referral.opioid_agonist_medicine,
            referral.urgent,
            "[]",
            self.sent,
            self.owner,
            "",
            self.ladder,
            self.owed_by,
        )
        self._add_appointments()
        for grant in self.grants:
            values = (Grant.HAND_OVER, self.basis_words, f"case {case}", grant.since, grant.until, None)
            add(Grant, self.person, grant.service, None, self.record, *values)
        for message in self.messages:
            reader = self.life.readers[message.service].user if message.put_away else None
            channel = TODAY if message.delivered else ""
            add(
                Message,
                message.service,
                f"{HAND_OVER.name}.{message.verb}",
                case,
                message.written,
                message.delivered,
                channel,
                message.put_away,
                reader,
            )


class _Released:
    """The release of one stay as it is told, beside the hand-over: what the engine keeps, until it is added as rows.

    Lives know of a release no more than its date and its day; what follows is worked out here.
    """

    def __init__(
        self, rows: Rows, agenda: _Agenda, life: Life, stay: Stay, stay_id: int, person: int, record: int
    ) -> None:
        self.rows, self.agenda, self.life, self.stay = rows, agenda, life, stay
        self.stay_id, self.person, self.record = stay_id, person, record
        self.hand_over: _Told | None = None
        self.strands: dict[str, tuple[str, datetime]] = {}
        self.version, self.left, self.closed = 0, False, None
        self.dues: list[_Due] = []
        self.messages: list[_Message] = []
        self.case = rows.next_id(Case)
        since = stay.since
        came = {
            "reception_date": localdate(since).isoformat(),
            "legal_status": stay.legal_status,
            "could_leave_any_time": "yes",
        }
        self._take("open_at_reception", since, SYSTEM, came)
        if stay.release_date is None:
            return
        source = f"{life.by.user_name}, {life.by.service_name}"
        dated = {"release_date": stay.release_date.isoformat(), "source_of_date": source}
        theirs = any(step.verb == "set_release_date" and life.by.role in step.roles for step in RELEASE.steps)
        self._take("set_release_date", since, life.by if theirs else SYSTEM, dated)

    def leaves_by(self, at: datetime) -> bool:
        return not self.left and self.stay.until is not None and self.stay.until <= at

    def leave(self) -> None:
        """The person leaves, taken on by a service: that service and probation are told, and the days begin."""
        until = self.stay.until
        assert until is not None
        assert self.hand_over is not None, "in these lives nobody leaves whom no service has taken on"
        self.agenda.work(until)
        self.left = True
        facts = {"release_time": until.isoformat(), "area_of_return": self.life.identity.area}
        self._post([self.hand_over.receiver], "report_released", until)
        self._take("report_released", until, SYSTEM, facts)

    def covers(self) -> bool:
        """Do its clocks stand in the place of the hand-over's? See `handovers.room.hand_over`."""
        owed = (d for d in self.dues if d.clock in COVERED_BY and not (d.met or d.missed or d.replaced))
        return not self.left or any(owed)

    def apply(self, verb: str, given: Mapping[str, object], at: datetime) -> None:
        """A step of the hand-over that is one of the release too."""
        state, until = self.strands["plan"][0], self.stay.until
        if _release_step(state, verb) is None:
            return
        if verb == "report_first_attended":
            self._take(verb, at, SYSTEM, {"attended_date": given["contact_date"], "attended": "yes"})
        elif verb == "record_structured_start":
            assert until is not None
            started = str(given["treatment_start_date"])
            days = (date.fromisoformat(started) - localdate(until)).days
            if 0 <= days <= 21:
                facts = {"structured_start_date": started, "days_since_release": str(days)}
                self._take(verb, at, SYSTEM, facts)

    def _take(self, verb: str, at: datetime, by: Actor, facts: Mapping[str, object]) -> None:
        strand = next(step.strand for step in RELEASE.steps if step.verb == verb)
        before = self.strands[strand][0] if strand in self.strands else "new"
        step = _release_step(before, verb)
        assert step is not None, f"{verb} is not possible while {before}"
        self.version += 1
        self.strands[strand] = step.to, at
        for due in self.dues:
            if due.met is None and due.replaced is None:
                if due.clock in step.stops:
                    due.met = at
                elif step.to in RELEASE.final and due.strand == strand and due.clock not in RELEASE.outlasting:
                    due.replaced = at
        self.rows.add(
            StepTaken, self.case, strand, step.id, verb, before, step.to, at, by.user, by.service, "",
            json.dumps(facts), "[]", self.version, None,
        )  # fmt: skip
        told = [self._service_of(o.removeprefix("notify ")) for o in step.opens if o.startswith("notify ")]
        if verb == "report_released":
            self._take("open_outcome_watch", at, SYSTEM, {"release_time": facts["release_time"]})
        self._start_clocks(step, at, facts)
        self._post([service for service in dict.fromkeys(told) if service is not None], verb, at)

    def _start_clocks(self, step: Step, at: datetime, facts: Mapping[str, object]) -> None:
        for clock in step.starts:
            counted = RELEASE.clocks[clock]
            start = counted_from(RELEASE, counted, facts, at)
            assert start is not None, "every clock of these lives has its day"
            deadline = due_at(counted.counting_rule, counted.value, counted.unit, start)
            if counted.counting_rule == "back_from_date":
                day_over = datetime.combine(localdate(at), LAST_SECOND, LONDON)
                deadline = replace(deadline, at=max(deadline.at, day_over.astimezone(UTC)))
            due = _Due(step.strand, clock, at, deadline, self._service_of(counted.owner_role))
            self.agenda.add(deadline.at + WORKER, MISS, partial(self._miss, due))
            self.dues.append(due)

    def _miss(self, due: _Due, at: datetime) -> None:
        if due.met is not None or due.replaced is not None:
            return
        due.missed = at
        if due.clock != "REL-C03":
            self._post([due.owner] if due.owner is not None else [], f"missed_{due.clock}", at)
        elif _release_step(self.strands["plan"][0], "mark_continuity_missed"):
            assert self.stay.until is not None
            days = max(22, (localdate(at) - localdate(self.stay.until)).days)
            facts = {"days_since_release": str(days), "structured_start": "none"}
            self._take("mark_continuity_missed", at, SYSTEM, facts)

    def _post(self, told: Sequence[int], verb: str, at: datetime) -> None:
        for service in told:
            message = _Message(service, verb, at)
            self.agenda.add(at + WORKER, DELIVER, partial(self._deliver, message))
            self.messages.append(message)

    def _deliver(self, message: _Message, at: datetime) -> None:
        message.delivered = at
        self.agenda.add(at + READ, READ_IT, message.read)

    def _service_of(self, role: str) -> int | None:
        """Whom a release tells; see `handovers.room.release`."""
        if role in ("prison_drug_worker", "sender"):
            return self.life.by.service
        if role in self.life.of_the_area:
            return self.life.of_the_area[role].service
        told = self.hand_over
        stands = told is not None and told.state in (*TAKEN_ON, *TO_ANSWER, "closed")
        receives = role in ("keyworker", "service_manager", "clinician", "receiving_service")
        return told.receiver if told and stands and receives else None

    def store(self) -> None:
        add = self.rows.add
        self.rows.add_with_key(
            Case, self.case, RELEASE.name, self.person, self.record, self.stay.since, self.closed, None, "",
            self.version,
        )  # fmt: skip
        for name, (state, since) in self.strands.items():
            add(Strand, self.case, name, state, since)
        for due in self.dues:
            add(
                Due, self.case, due.strand, due.clock, due.started_at, due.at.at, due.at.verified, due.owner, None,
                due.met, due.missed, None, due.replaced,
            )  # fmt: skip
        left = self.stay.until if self.left else None
        could_leave = "yes" if self.stay.legal_status == "remand" or self.stay.release_date is None else "no"
        self.rows.add_with_key(Release, self.case, self.stay_id, self.stay.legal_status, could_leave, left, False)
        for said in self.life.prepared:
            add(Readiness, self.case, said.code, said.state, "", said.at, said.by.user, said.by.service, None)
        for message in self.messages:
            reader = self.life.readers[message.service].user if message.put_away else None
            channel = TODAY if message.delivered else ""
            verb = f"{RELEASE.name}.{message.verb}"
            add(
                Message, message.service, verb, self.case, message.written, message.delivered, channel,
                message.put_away, reader,
            )  # fmt: skip
