"""Lives: what happened to each made-up person, as plain values drawn from the seed and the person's number.

A life says what people did. What the engine, the worker and the access rule made of it is not written here: `bulk`
works that out, and a test proves that the real actions make the same of it.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from throughcare.demo import names
from throughcare.demo.area import (
    ALDERGATE,
    AREA,
    DIVERSION,
    EMPLOYMENT,
    HOUSING,
    PEERS,
    PRISON_HEALTH,
    PRISON_SERVICE,
    PRISON_SITE,
    PROBATION,
    RECONNECT,
    RIVERSIDE,
    SURGERY,
    Held,
    Staffed,
)
from throughcare.demo.moments import ONE_DAY, Days, moment
from throughcare.events.actor import Actor
from throughcare.handovers.rules.cover import Cover, end_of
from throughcare.handovers.rules.release import CHECKS
from throughcare.people.actions import Identity
from throughcare.processes.table import NOT_KNOWN

PEOPLE_A_PATCH = 1300
"""Of the people of one patch about 1,000 are known to its first treatment service."""
SENDER, RECEIVER = "sender", "receiver"


@dataclass(frozen=True)
class Act:
    """A step that somebody took."""

    at: datetime
    by: Actor
    verb: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Referral:
    """A hand-over: what the sender wrote, to whom (a service), and the steps that people took."""

    at: datetime
    by: Actor
    receiver: int
    reason: str
    asked: str
    opioid_agonist_medicine: str
    urgent: str
    acts: tuple[Act, ...]


@dataclass(frozen=True)
class Stay:
    """Time in prison. `since` is when it was recorded too; `until` is None while it lasts.

    release_date: told as they came; None on remand.
    """

    held: Held
    since: datetime
    until: datetime | None
    release_date: date | None
    legal_status: str = NOT_KNOWN


@dataclass(frozen=True)
class Answers:
    """What somebody wrote into the clinical sheet at one moment, as it stood then."""

    at: datetime
    by: Actor
    values: Mapping[str, str]
    source: str
    confirmed_by: str


@dataclass(frozen=True)
class Prescribed:
    """That somebody said who prescribes, and who goes on."""

    at: datetime
    by: Actor
    cover: Cover
    telephone: str


@dataclass(frozen=True)
class Prepared:
    """That somebody said how one thing for leaving stands."""

    at: datetime
    by: Actor
    code: str
    state: str


@dataclass(frozen=True)
class Life:
    """A person as one service knows them (`by` opened the record), and what happened since.

    readers:     for each service that is told anything, who puts its messages away.
    of_the_area: who is told of a release beside treatment, by role: probation and RECONNECT.
    sheet, prescribed, prepared: what was written down of health and of leaving, as the record was opened.
    """

    identity: Identity
    by: Actor
    opened_at: datetime
    stay: Stay | None = None
    referral: Referral | None = None
    readers: Mapping[int | None, Actor] = field(default_factory=dict)
    of_the_area: Mapping[str, Actor] = field(default_factory=dict)
    sheet: Answers | None = None
    prescribed: Prescribed | None = None
    prepared: tuple[Prepared, ...] = ()


Team = tuple[Actor, ...]


@dataclass(frozen=True)
class Patch:
    """Where some of the lives are lived: a prison, its treatment services, and the services beside them.

    treatment: the first is the one that most people come to.
    others:    services that treatment sends people on to.
    senders:   services, other than the prison, that send people to treatment.
    of_the_area: who is told of every release in the area, by role.
    nurse:       who writes down the health of those held; elsewhere the prison's drug worker, as far as they may.
    """

    held: Held
    prison: Team
    treatment: tuple[Team, ...]
    others: tuple[Team, ...] = ()
    senders: tuple[Team, ...] = ()
    of_the_area: Mapping[str, Actor] = field(default_factory=dict)
    nurse: Actor | None = None


def patches_of(staffed: Staffed) -> list[Patch]:
    """Northbridge first, then every further prison with its treatment service and, second, that of its neighbour."""
    team = staffed.actors
    of_the_area = {"responsible_officer": team[PROBATION][0], "reconnect": team[RECONNECT][0]}
    northbridge = Patch(
        held=staffed.held[PRISON_SITE],
        prison=team[PRISON_SERVICE],
        treatment=(team[RIVERSIDE], team[ALDERGATE]),
        others=(team[HOUSING], team[EMPLOYMENT], team[PEERS], team[SURGERY], team[PROBATION]),
        senders=(team[PROBATION], team[DIVERSION], team[SURGERY], team[RECONNECT]),
        of_the_area=of_the_area,
        nurse=team[PRISON_HEALTH][0],
    )
    prisons = list(staffed.held.values())
    ring = [team[RIVERSIDE], *(team[further_treatment_service(n)] for n in range(1, len(prisons)))]
    further = [
        Patch(
            held=prisons[n],
            prison=team[further_prison_service(n)],
            treatment=(ring[n], ring[(n + 1) % len(ring)]),
            of_the_area=of_the_area,
        )
        for n in range(1, len(prisons))
    ]
    return [northbridge, *further]


def further_patches(people: int) -> int:
    """How many patches beside Northbridge a world of that many people has."""
    return max(0, round(people / PEOPLE_A_PATCH) - 1)


def further_prison_service(number: int) -> str:
    return f"HMP Example {number} substance misuse service"


def further_treatment_service(number: int) -> str:
    return f"Example Recovery {number}, duty team"


@dataclass(frozen=True)
class Case:
    """What a plot may draw on: the dice, the days, and who sends to whom."""

    r: random.Random
    days: Days
    sender: Actor
    receiver: Actor
    elsewhere: Actor
    urgent: str
    opioid: str

    def work(self, day: date, since: int = 9, until: int = 16) -> datetime:
        """Some time of a working day, on the five minutes."""
        return moment(day, self.r.randrange(since, until), self.r.randrange(0, 60, 5))

    def act(self, at: datetime, side: Actor, verb: str, **facts: object) -> Act:
        return Act(at, side, verb, facts)

    def sent(self, at: datetime) -> Act:
        return self.act(at, self.sender, "send")

    def opened(self, at: datetime, by: Actor | None = None) -> Act:
        return self.act(at, by or self.receiver, "open_by_receiver")

    def accepted(self, at: datetime, seen_at: datetime | None) -> Act:
        facts: dict[str, object] = {"coordination_owner": str(self.receiver.user)}
        if seen_at:
            facts |= {"appointment_time": seen_at.isoformat(), "place": self.r.choice(PLACES)}
        else:
            facts["no_appointment_reason"] = "No clinic free this week. We will ring by the end of next week."
        return self.act(at, self.receiver, "accept", **facts)

    def seen(self, at: datetime, day: date) -> Act:
        heard = self.r.choice(("Seen by me", "Seen by a colleague at the clinic", "The person told me by telephone"))
        return self.act(at, self.receiver, "record_contact", contact_date=day.isoformat(), heard_from=heard)

    def not_reached(self, at: datetime, route: str, again: datetime) -> Act:
        facts = {"attempt_time": at.isoformat(), "route": route, "next_attempt_time": again.isoformat()}
        return self.act(at, self.receiver, "record_not_reached", **facts)

    def started(self, at: datetime) -> Act:
        facts = {"treatment_start_date": at.date().isoformat(), "heard_from": "Started with me"}
        return self.act(at, self.receiver, "record_treatment_started", **facts)

    def closed(self, at: datetime, outcome: str) -> Act:
        return self.act(at, self.receiver, "close", outcome=outcome, opioid_agonist_medicine=self.opioid)


PLACES = (
    "2 Canal Side, ground floor",
    "Mill Lane Surgery, room 3",
    "By telephone",
    "By video, from the prison",
    "Open Door, Albert Terrace",
)
REASONS = (
    ("Leaving soon and wants to carry on with treatment.", "A first appointment and a named worker."),
    ("Drinks daily and has asked for help to stop.", "Assessment, and a plan for a safe reduction."),
    ("Has taken a first step here and needs longer support.", "Please take over coordination."),
    ("Stable on medicine; the place where it is collected must change.", "Prescribing from the day given below."),
    ("Lost a home in the last month, which puts recovery at risk.", "A place to stay, and support to keep it."),
    ("Wants to work and to meet people who have recovered.", "A first talk, at a time that suits."),
)
DECLINES = ("no_safe_capacity", "wrong_service", "not_our_area", "facts_missing", "not_ready_yet")

Told = tuple[datetime, list[Act]]
"""When the hand-over was drafted, and the steps after it."""


def drafted(c: Case) -> Told:
    return c.work(c.days.before[c.r.randrange(4)]), []


def just_sent(c: Case) -> Told:
    """Sent five seconds before the world stands still: the worker has not delivered it yet."""
    at = c.days.told - timedelta(seconds=5)
    return at - timedelta(minutes=20), [c.sent(at)]


def not_opened(c: Case) -> Told:
    """Sent on the last working day, or the one before: the later, the less it has climbed."""
    at = c.work(c.days.before[c.r.choice((0, 0, 0, 1))], 9, 18)
    return at - timedelta(minutes=30), [c.sent(at)]


def opened(c: Case) -> Told:
    at = c.work(c.days.before[c.r.choice((0, 1, 1, 2))], 9, 12)
    return at - timedelta(minutes=45), [c.sent(at), c.opened(at + timedelta(minutes=c.r.randrange(20, 240, 5)))]


def question_asked(c: Case) -> Told:
    at, acts = opened(c)
    question = c.r.choice(("What dose, and when was the last one?", "Where will they stay?", "Who is the GP?"))
    asked = acts[-1].at + timedelta(minutes=30)
    return at, [*acts, c.act(asked, c.receiver, "ask_question", question=question, call_back_number="0113 496 0181")]


def answered(c: Case) -> Told:
    at, acts = question_asked(c)
    answer = c.act(acts[-1].at + timedelta(minutes=50), c.sender, "answer_question", answer="I will ring you at once.")
    return at, [*acts, answer]


def accepted(c: Case) -> Told:
    at = c.work(c.days.before[c.r.randrange(1, 4)], 9, 12)
    acts = [c.sent(at), c.opened(at + timedelta(minutes=40)), c.accepted(at + timedelta(minutes=90), None)]
    return at - timedelta(minutes=25), acts


def booked(c: Case) -> Told:
    at = c.work(c.days.before[c.r.randrange(1, 4)], 9, 12)
    seen_at = c.work(c.days.ahead[c.r.choice((0, 0, 1, 1, 2, 3, 4))])
    acts = [c.sent(at), c.opened(at + timedelta(minutes=35)), c.accepted(at + timedelta(minutes=80), seen_at)]
    return at - timedelta(minutes=25), acts


def moved(c: Case) -> Told:
    """Booked, and the appointment was moved."""
    at, acts = booked(c)
    moves = {"appointment_time": c.work(c.days.ahead[5]).isoformat(), "place": c.r.choice(PLACES)}
    return at, [*acts, c.act(acts[-1].at + timedelta(hours=1), c.receiver, "book_contact", **moves)]


def not_seen(c: Case) -> Told:
    """The appointment went by, nobody wrote that the person came, and the time for a first contact is over."""
    at = c.work(c.days.before[7], 9, 12)
    seen_at = c.work(c.days.before[3])
    acts = [c.sent(at), c.opened(at + timedelta(minutes=35)), c.accepted(at + timedelta(minutes=80), seen_at)]
    return at - timedelta(minutes=25), acts


def seen_lately(c: Case) -> Told:
    return _seen(c, c.r.randrange(2, 20))


def seen_long_ago(c: Case) -> Told:
    return _seen(c, c.r.randrange(20, 250))


def _seen(c: Case, ago: int) -> Told:
    at = c.work(c.days.before[ago + 3], 9, 12)
    seen_at = c.work(c.days.before[ago])
    acts = [
        c.sent(at),
        c.opened(at + timedelta(minutes=c.r.randrange(15, 200, 5))),
        c.accepted(at + timedelta(minutes=c.r.randrange(205, 290, 5)), seen_at),
        c.seen(seen_at + timedelta(minutes=50), c.days.before[ago]),
    ]
    return at - timedelta(minutes=25), acts


def not_reached(c: Case) -> Told:
    """The appointment went by without the person; it is tried again in the next days."""
    at, acts = not_seen(c)
    missed = c.not_reached(c.work(c.days.before[0], 9, 11), "appointment_missed", c.work(c.days.ahead[1]))
    return at, [*acts, missed]


def treatment_started(c: Case) -> Told:
    at, acts = _seen(c, c.r.randrange(3, 30))
    return at, [*acts, c.started(acts[-1].at + timedelta(hours=2))]


def closed(c: Case) -> Told:
    """Treatment started, and some days later the hand-over was closed: most go so."""
    ago = c.r.randrange(20, 250)
    at, acts = _seen(c, ago)
    started = c.started(acts[-1].at + timedelta(hours=2))
    return at, [*acts, started, c.closed(c.work(c.days.before[ago - 7]), "treatment_started")]


def closed_without_treatment(c: Case) -> Told:
    ago = c.r.randrange(20, 250)
    at, acts = _seen(c, ago)
    outcome = c.r.choice(("seen_no_treatment", "withdrew", "moved_away"))
    return at, [*acts, c.closed(c.work(c.days.before[ago - 5]), outcome)]


def declined(c: Case) -> Told:
    at = c.work(c.days.before[c.r.randrange(1, 4)], 9, 12)
    refused = c.act(at + timedelta(hours=3), c.receiver, "decline", decline_reason=c.r.choice(DECLINES))
    return at - timedelta(minutes=25), [c.sent(at), c.opened(at + timedelta(minutes=55)), refused]


def rerouted(c: Case) -> Told:
    at, acts = declined(c)
    facts = {
        "receiving_service": str(c.elsewhere.service),
        "area_of_return": AREA,
        "reason": "The first service could not take this person.",
    }
    return at, [*acts, c.act(acts[-1].at + timedelta(minutes=45), c.sender, "reroute", **facts)]


def sent_again(c: Case) -> Told:
    """Declined, sent to another service, and opened there."""
    at, acts = rerouted(c)
    again = acts[-1].at + timedelta(minutes=10)
    return at, [*acts, c.sent(again), c.opened(again + timedelta(minutes=25), c.elsewhere)]


def withdrawn(c: Case) -> Told:
    at = c.work(c.days.before[c.r.randrange(2, 60)], 9, 12)
    reason = c.r.choice(("The release date moved by months.", "The person does not want this now."))
    stopped = c.act(at + timedelta(hours=4), c.sender, "withdraw", reason=reason)
    return at - timedelta(minutes=25), [c.sent(at), c.opened(at + timedelta(minutes=50)), stopped]


def withdrawn_as_draft(c: Case) -> Told:
    at = c.work(c.days.before[c.r.randrange(2, 60)], 9, 12)
    stopped = c.act(at + timedelta(hours=1), c.sender, "withdraw", reason="Written for the wrong service.")
    return at, [stopped]


Plot = Callable[[Case], Told]
PLOTS: Mapping[Plot, int] = {
    drafted: 8,
    just_sent: 0,
    not_opened: 9,
    opened: 7,
    question_asked: 4,
    answered: 2,
    accepted: 6,
    booked: 14,
    moved: 2,
    not_seen: 3,
    not_reached: 4,
    seen_lately: 30,
    seen_long_ago: 40,
    treatment_started: 30,
    closed: 140,
    closed_without_treatment: 30,
    declined: 4,
    rerouted: 2,
    sent_again: 3,
    withdrawn: 12,
    withdrawn_as_draft: 4,
}
"""How a hand-over may go, and how many of 350 went so. Each begins one of the first lives, whatever its share."""
SEEN = (seen_lately, seen_long_ago, treatment_started, closed, closed_without_treatment)
RELEASED = (not_seen, not_reached, *SEEN)
"""After these the person has left prison."""
FINISHED, HELD = 0.5, 0.15
"""Shares of people with no hand-over: known to treatment for a long time, and held in prison."""
REMAND = 0.2
"""Share of those held with no hand-over who are on remand, with no release date."""
WITH_SHEET, PRESCRIBED = 0.6, 0.35
"""Shares of the people known to treatment or held who have a clinical sheet, and a prescriber."""
PRESCRIBERS = ("Dr Anjali Shah", "Dr Sunil Rao", "Dr Ama Sarpong", "Dr Femi Adewale")


def life_of(number: int, seed: int, days: Days, patches: Sequence[Patch]) -> Life:
    """The life of the `number`th person, counted from 0: always the same for the same seed and day."""
    patch = patches[number % len(patches)]
    life = _lived(number, random.Random(f"{seed} {days.on} {number}"), days, patch)  # noqa: S311 a story, no secret
    health = random.Random(f"{seed} {days.on} {number} health")  # noqa: S311
    return _written_down(life, number, health, days, patch)


def _lived(number: int, r: random.Random, days: Days, patch: Patch) -> Life:
    plots = list(PLOTS)
    plot = plots[number] if number < len(plots) else None
    fate = r.random()
    if plot is None and fate < FINISHED:
        return _in_treatment(number, r, days, patch)
    if plot is None and fate < FINISHED + HELD:
        return _held(number, r, days, patch)
    return _handed_over(number, r, days, patch, plot or r.choices(plots, weights=list(PLOTS.values()))[0])


def _written_down(life: Life, number: int, r: random.Random, days: Days, patch: Patch) -> Life:
    """The same life with what is written down of health and of leaving, by whoever may."""
    stay, at = life.stay, life.opened_at
    if stay and life.referral is None and r.random() < REMAND:
        stay = replace(stay, release_date=None, legal_status="remand")
    by = (patch.nurse or patch.prison[0]) if stay else life.by
    whole = by.role in ("keyworker", "prison_healthcare")
    sheet = prescribed = None
    if (whole or stay) and r.random() < WITH_SHEET:
        confirmed = by.user_name if r.random() < 0.7 else ""
        sheet = Answers(at, by, _answers(r, at, whole=whole), r.choice(("given", "prescriber", "person")), confirmed)
    if whole and r.random() < PRESCRIBED:
        until = end_of(days.ahead[r.randrange(28)])
        goes_on = life.referral is not None or r.random() < 0.8  # a hand-over would have a deadline for the gap
        cover = Cover(
            r.choice(PRESCRIBERS), until, r.choice(PRESCRIBERS) if goes_on else "", until if goes_on else None
        )
        prescribed = Prescribed(at, by, cover, names.telephone(number % 900))
    said = []
    if stay:
        drug_worker = patch.prison[0]
        codes = [check.code for check in CHECKS.values() if check.by_hand and r.random() < 0.3]
        for n, code in enumerate(codes, 1):
            state = r.choice(("ready", "ready", "missing", "not_needed"))
            said.append(Prepared(at + timedelta(minutes=5 * n), drug_worker, code, state))
    return replace(life, stay=stay, sheet=sheet, prescribed=prescribed, prepared=tuple(said))


def _answers(r: random.Random, at: datetime, *, whole: bool) -> Mapping[str, str]:
    """Answers of a clinical sheet; `whole` with what is prescribed."""
    found = {
        "overdosed": r.choice(("yes", "no", "no", "not_known")),
        "naloxone": r.choice(("yes", "no", "not_known")),
        "withdrawal": r.choice(("no", "no", "yes")),
    }
    medicine = r.choice(("methadone_1", "buprenorphine", "none")) if whole else ""
    if medicine:
        found |= {"medicine": medicine, "allergies": "None known"}
    if medicine not in ("", "none"):
        dose = f"{r.randrange(30, 90, 5)} mg once a day" if medicine == "methadone_1" else "8 mg once a day"
        found |= {"dose": dose, "supervision": "daily", "last_dose": (at - timedelta(hours=20)).isoformat()}
        found |= {"pharmacy": "High Street Pharmacy, 0113 496 0142", "missed": "0"}
    return found


def _in_treatment(number: int, r: random.Random, days: Days, patch: Patch) -> Life:
    by = r.choice(_keyworkers(_treatment(r, patch)))
    opened_at = moment(days.before[r.randrange(1, 500)], r.randrange(9, 16), r.randrange(0, 60, 5))
    return Life(_identity(number, r, days.on), by, opened_at)


def _held(number: int, r: random.Random, days: Days, patch: Patch) -> Life:
    by = r.choice(patch.prison)
    since = moment(days.before[r.randrange(2, 300)], r.randrange(10, 17), r.randrange(0, 60, 5))
    stay = Stay(patch.held, since, None, days.ahead[r.randrange(1, 120)])
    identity = replace(_identity(number, r, days.on), prison_number=names.prison_number(number))
    return Life(identity, by, since, stay, None, {by.service: by}, patch.of_the_area)


def _handed_over(number: int, r: random.Random, days: Days, patch: Patch, plot: Plot) -> Life:
    identity = _identity(number, r, days.on)
    way = r.random()
    from_prison = not patch.others or way < 0.5
    if from_prison:
        sender, receivers = r.choice(patch.prison), _treatment(r, patch)
        identity = replace(identity, prison_number=names.prison_number(number))
    elif way < 0.75:
        sender, receivers = r.choice(r.choice(patch.senders)), _treatment(r, patch)
    else:
        sender, receivers = r.choice(_keyworkers(_treatment(r, patch))), r.choice(patch.others)
    known = [team for team in (*patch.treatment, *patch.others) if team[0].service != sender.service]
    elsewhere = [team for team in known if team[0].service != receivers[0].service]
    case = Case(
        r=r,
        days=days,
        sender=sender,
        receiver=r.choice(_keyworkers(receivers)),
        elsewhere=r.choice(_keyworkers(r.choice(elsewhere))),
        urgent="yes" if plot in SEEN and r.random() < 0.15 else "no",
        opioid=r.choice(("yes", "no", "no", "not_known")),
    )
    at, acts = plot(case)
    reason, asked = r.choice(REASONS)
    assert case.receiver.service is not None
    referral = Referral(
        at=at,
        by=sender,
        receiver=case.receiver.service,
        reason=reason,
        asked=asked,
        opioid_agonist_medicine=case.opioid,
        urgent=case.urgent,
        acts=tuple(acts),
    )
    opened_at = moment(at.date() - r.randrange(5, 200) * ONE_DAY, r.randrange(9, 17), r.randrange(0, 60, 5))
    stay = None
    if from_prison:
        released = _released(plot, acts, r)
        stay = Stay(patch.held, opened_at, released, released.date() if released else days.ahead[r.randrange(1, 40)])
    told = (*patch.of_the_area.values(), sender, case.receiver, case.elsewhere)
    return Life(identity, sender, opened_at, stay, referral, {a.service: a for a in told}, patch.of_the_area)


def _released(plot: Plot, acts: Sequence[Act], r: random.Random) -> datetime | None:
    """The morning of the day after the hand-over was accepted, where the person has left."""
    if plot not in RELEASED:
        return None
    accepted = next(act.at for act in acts if act.verb == "accept")
    return moment(accepted.date() + ONE_DAY, 9, r.randrange(0, 60, 5))


def _treatment(r: random.Random, patch: Patch) -> Team:
    """Most come to the first service."""
    return patch.treatment[0] if r.random() < 0.85 else r.choice(patch.treatment)


def _keyworkers(team: Team) -> Team:
    return tuple(actor for actor in team if actor.role not in ("clinician", "service_manager", "front_desk"))


def _identity(number: int, r: random.Random, on: date) -> Identity:
    given, family = r.choice(names.GIVEN), r.choice(names.FAMILY)
    if r.random() < 0.02:
        given = f"{given} {r.choice(names.GIVEN)}"
    if r.random() < 0.05:
        family = f"{family}-{r.choice(names.FAMILY)}"
    return Identity(
        given_name=given,
        family_name=family,
        preferred_name=r.choice(names.GIVEN) if r.random() < 0.06 else "",
        date_of_birth=on - timedelta(days=round(r.triangular(18.1, 78, 38) * 365.25)) if r.random() < 0.99 else None,
        address=f"{r.randrange(1, 180)} {r.choice(names.STREETS)}, Northbridge" if r.random() < 0.9 else "",
        area=AREA,
        telephone=names.mobile(number) if r.random() < 0.85 else "",
        safe_contact=r.choice(SAFE_CONTACTS),
        nhs_number=names.nhs_number(number) if r.random() < 0.85 else "",
    )


SAFE_CONTACTS = (
    "Mobile after 4pm. No messages that name the service.",
    "Text only. A partner reads the post.",
    "Any time, by telephone.",
    "Letters to the hostel. No mobile at present.",
    "Through the key worker only.",
)
