"""Releases: opening the case at reception, the date, leaving, and what is ready. Other steps go through the engine."""

from datetime import date, datetime

from django.utils.timezone import localdate

from throughcare.events.acting import Said, action, say
from throughcare.events.actor import SYSTEM, Actor
from throughcare.handovers.actions import custody
from throughcare.handovers.models import CustodyStay, Readiness, Release
from throughcare.handovers.process.release import FIRST_DAYS, HELD, OF_THE_PRISON, RELEASE
from throughcare.handovers.rules.release import CHECKS
from throughcare.people import actions as people
from throughcare.people.holding import hold
from throughcare.people.queries import deaths
from throughcare.processes import actions as engine
from throughcare.processes import universal
from throughcare.processes.models import Case, Due, StepTaken
from throughcare.processes.registry import room_of
from throughcare.processes.table import NOT_KNOWN
from throughcare.processes.table import SYSTEM as SYSTEM_ROLE
from throughcare.web.faults import Fault, Refused

PRISON = "prison"
SAID = (("ready", "Ready"), ("missing", "Missing"), ("not_needed", "Not needed"))


def came(said: Said) -> None:
    """Somebody came into custody, or moved: in a prison their release is prepared from that minute on."""
    stay = said.about
    if isinstance(stay, CustodyStay) and stay.until is None:
        opened_at_reception(at=said.at, stay=stay, legal_status=str(said.detail.get("legal_status") or NOT_KNOWN))


def asked_afterwards(said: Said) -> None:
    """A hand-over was sent for somebody who has left: whoever is asked, or took them on, owes the first days now."""
    release = _open_release(said.person) if said.person else None
    if release is None or release.left_at is None:
        return
    asked = room_of(release.case).service_of(release.case, "receiver")
    if asked is not None:
        owed = Due.objects.filter(case=release.case_id, clock__in=FIRST_DAYS, met_at=None, replaced_at=None)
        owed.update(owner=asked)


def opened_at_reception(*, at: datetime, stay: CustodyStay, legal_status: str) -> Release | None:
    """Inside the action that keeps a stay: its release case. None where the stay is in no prison.

    One that is open already goes with the person to where they are held now. A person who had left and came back
    gets a case of their own for the new stay, and nothing is owed on the old one any more; recalled, the old goes on.
    """
    before = _open_release(stay.person_id)
    if before and before.left_at is None:
        before.stay = stay
        _owed_by_its_site(before)
        if legal_status != NOT_KNOWN:
            before.legal_status, before.could_leave = legal_status, _could_leave(legal_status, stay.release_date)
        before.save()
        return before
    if stay.site.kind != PRISON or deaths().filter(person=stay.person_id).exists():
        return None  # that somebody came is kept, whatever was reported of them; nothing is opened about the dead
    if before and legal_status == "recalled" and _recall_fits(before):
        facts = {"recall_date": localdate(stay.since).isoformat(), "recall_type": NOT_KNOWN}
        before.stay, before.left_at, before.unplanned, before.legal_status = stay, None, False, legal_status
        engine.take(by=SYSTEM, at=at, case=before.case_id, verb="report_recalled", facts=facts, applied=True)
        before.could_leave = _could_leave(legal_status, stay.release_date)
        before.save()
        return before
    if before:
        _ended_by_return(before, at)
    could_leave = _could_leave(legal_status, stay.release_date)
    facts = {
        "reception_date": localdate(stay.since).isoformat(),
        "legal_status": legal_status,
        "could_leave_any_time": could_leave,
    }
    release = Release(stay=stay, legal_status=legal_status, could_leave=could_leave)

    def own(case: Case) -> Release:
        release.case = case
        return release

    engine.begin(
        by=SYSTEM,
        at=at,
        process=RELEASE,
        verb="open_at_reception",
        record=stay.record,
        facts=facts,
        roles=[SYSTEM_ROLE],
        own=own,
    )
    return release


def _owed_by_its_site(release: Release) -> None:
    """Keep the stay of a release; what a prison's teams owe of it is owed by those of the site where that is."""
    release.save(update_fields=["stay"])
    room = room_of(release.case)
    case = room.with_parties(Case.objects.filter(pk=release.case_id)).get()
    for due in case.dues.filter(met_at=None, replaced_at=None):
        role = RELEASE.clocks[due.clock].owner_role
        if role in OF_THE_PRISON:
            Due.objects.filter(pk=due.pk).update(owner=room.service_of(case, role))


def _ended_by_return(release: Release, at: datetime) -> None:
    """Nothing is owed any more on the release of somebody who came back: the new stay has one of its own."""
    Due.objects.filter(case=release.case_id, met_at=None, replaced_at=None).update(replaced_at=at)
    Case.objects.filter(pk=release.case_id).update(closed_at=at)
    say("release.back_in_custody", by=SYSTEM, at=at, person=release.case.person_id, case=release.case_id)


def _goes_on_after_all(person: int, *, ended_at: datetime, at: datetime) -> None:
    """The return was not so: what it ended is owed again."""
    for case in Case.objects.filter(process=RELEASE.name, person=person, closed_at=ended_at):
        Due.objects.filter(case=case, met_at=None, replaced_at=ended_at).update(replaced_at=None)
        Case.objects.filter(pk=case.pk).update(closed_at=None)
        say("release.goes_on", by=SYSTEM, at=at, person=person, case=case.pk)


def _recall_fits(release: Release) -> bool:
    """Has the table a recall from where the release stands now? Else the stay has a release of its own."""
    state = release.case.strands.get(name="plan").state
    return any((step.verb, step.from_) == ("report_recalled", state) for step in RELEASE.steps)


def never_came(said: Said) -> None:
    """A stay was reported that was not so: its release goes back to the stay before it, or was opened in error."""
    stay = said.about
    assert isinstance(stay, CustodyStay)
    assert stay.event is not None, "only what was reported of the person is undone"
    before = CustodyStay.objects.filter(person=stay.person_id, since__lt=stay.since).order_by("-since").first()
    for release in stay.releases.select_related("case"):
        case = release.case
        if before and case.opened_at < stay.event.at:
            release.stay = before
            _owed_by_its_site(release)
        elif case.closed_at is None:
            found = room_of(case).with_parties(Case.objects.filter(pk=case.pk)).get()
            reason = {"reason": "The stay that it belongs to was reported by mistake."}
            universal.opened_in_error(by=SYSTEM, at=said.at, case=found, facts=reason)
    _goes_on_after_all(stay.person_id, ended_at=stay.event.at, at=said.at)


def _could_leave(legal_status: str, release_date: date | None) -> str:
    return "yes" if legal_status == "remand" or release_date is None else "no"


def _open_release(person: int) -> Release | None:
    return Release.objects.filter(case__person=person, case__closed_at=None).order_by("-case").first()


@action
def date_known(
    *, by: Actor, at: datetime, stay: CustodyStay, release_date: date | None, reason: str = "", source: str = ""
) -> StepTaken | None:
    """Report a release date, a new one, or that none is known any more. None where it is not told to a release.

    It is a fact: recorded whoever reports it, and flagged when it cannot be. The stay follows, unless it cannot be.
    """
    hold(stay.person_id)
    stay.refresh_from_db(fields=["release_date"])
    release = of_stay(stay)
    if release_date == stay.release_date or release is None:
        custody.set_release_date(by=by, at=at, stay=stay, release_date=release_date)
        return None
    state = release.case.strands.get(name="plan").state
    verb = "set_release_date" if state in ("in_custody", "recalled") else "change_release_date"
    told = release_date.isoformat() if release_date else NOT_KNOWN
    who = source or f"{by.user_name}, {by.service_name}"
    facts = (
        {"release_date": told, "source_of_date": who}
        if verb == "set_release_date"
        else {"new_release_date": told, "reason": reason or NOT_KNOWN}
    )
    taken = _taken(by, at, release, verb, facts)
    if not taken.flags:
        stay.release_date = release_date
    return taken


@action
def left(*, by: Actor, at: datetime, stay: CustodyStay, until: datetime, route: str = "", area: str = "") -> StepTaken:
    """Report that a person was released: planned, or unplanned by the route named. The stay ends with it.

    Recorded whoever reports it. A moment that cannot be is flagged, and nothing moves. area: where they return to, if
    it was not known; Refused (PE-111) where it is none.
    """
    hold(stay.person_id)
    release = stay.releases.select_related("case__record").filter(case__closed_at=None).first() or release_of(stay)
    if area:
        people.set_area(by=by, at=at, record=release.case.record, area=area)
    home = release.case.record.area or NOT_KNOWN
    verb, facts = "report_released", {"release_time": until.isoformat(), "area_of_return": home}
    if route:
        verb, facts = "report_released_unplanned", {"release_time": until.isoformat(), "release_route": route}
    return _taken(by, at, release, verb, facts)


def _taken(by: Actor, at: datetime, release: Release, verb: str, facts: dict[str, str]) -> StepTaken:
    """By whoever reported it where the table has it for their part in the release, else by Throughcare: it was told."""
    room = room_of(release.case)
    party = room.roles_of(room.with_parties(Case.objects.filter(pk=release.case_id)).get(), by)
    theirs = any(step.verb == verb and party & set(step.roles) for step in RELEASE.steps)
    say("release.reported", by=by, at=at, person=release.case.person_id, case=release.case_id, subject=verb)
    doer = by if theirs else SYSTEM
    return engine.take(by=doer, at=at, case=release.case_id, verb=verb, facts=facts, applied=not theirs)


def of_stay(stay: CustodyStay) -> Release | None:
    """The open release case of a stay that goes on; None where it has none."""
    return stay.releases.select_related("case__record").filter(case__closed_at=None, left_at=None).first()


def release_of(stay: CustodyStay) -> Release:
    """The open release case of a stay. Raises Refused (RL-101) where the stay has none: it is in no prison."""
    release = of_stay(stay)
    if release is None:
        raise Refused(
            Fault(
                "RL-101",
                "",
                "There is no release to prepare for this stay: it is not in a prison, or the person has left.",
                "Record where the person is held now.",
            ),
            person=stay.person_id,
        )
    return release


@action
def ready(
    *, by: Actor, at: datetime, release: Release, code: str, state: str, words: str = "", key: str | None = None
) -> Readiness:
    """Keep that one thing for leaving is ready, missing or not needed. The same form sent twice is one row.

    Refused: RL-102 for what cannot be said by hand, RL-103 once the person has left, PR-202 for a role without part in
    it, RL-112 for a form that was kept already with other answers: somebody went back and changed them.
    """
    hold(release.case.person_id)
    case = room_of(release.case).with_parties(Case.objects.filter(pk=release.case_id)).get()
    earlier = Readiness.objects.filter(key=key).first() if key else None
    said = (case.pk, code, state, words.strip(), by.user)
    same = earlier and (earlier.case_id, earlier.code, earlier.state, earlier.words, earlier.by_id) == said
    if earlier and same:
        say("release.repeated", by=by, at=at, person=case.person_id, case=case.pk, subject=code)
        return earlier
    faults = []
    if earlier:
        faults.append(Fault("RL-112", "", "This form was kept already, with other answers.", "Open the page again."))
    if code not in CHECKS or not CHECKS[code].by_hand or state not in dict(SAID):
        faults.append(Fault("RL-102", "", "That cannot be said by hand.", "Choose one of the things on the page."))
    if release.case.strands.get(name="plan").state not in HELD:
        faults.append(
            Fault("RL-103", "", "The person has left: what was ready then is kept as it was.", "Write what happened.")
        )
    if not room_of(case).roles_of(case, by):
        raise engine.stranger(case.pk)
    if faults:
        raise Refused(*faults, person=case.person_id, case=case.pk)
    assert by.user is not None
    assert by.service is not None, "people act for a service"
    row = Readiness(
        case=case, code=code, state=state, words=words.strip(), at=at, by_id=by.user, service_id=by.service, key=key
    )
    row.save()
    say(
        "release.ready",
        by=by,
        at=at,
        person=case.person_id,
        record=case.record_id,
        case=case.pk,
        subject=code,
        detail={"state": state},
    )
    return row
