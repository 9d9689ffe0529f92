"""What an event about a person says of where they are held: stays begin and end with it, none is entered twice."""

from datetime import date, datetime, time, timedelta

from django.utils.dateparse import parse_datetime
from django.utils.timezone import localdate

from throughcare.events.acting import Said, action
from throughcare.events.actor import Actor
from throughcare.handovers.actions import custody, unasked
from throughcare.handovers.actions import release as releases
from throughcare.handovers.models import CustodyStay
from throughcare.handovers.process.release import HELD, RELEASED
from throughcare.handovers.queries.release import latest_date, left_at
from throughcare.organisations.models import Site
from throughcare.people import actions as people
from throughcare.people.holding import hold
from throughcare.people.models import PersonEvent
from throughcare.processes import universal
from throughcare.processes.models import StepTaken
from throughcare.processes.table import NOT_KNOWN
from throughcare.processes.universal_rules import DIED, IN_CUSTODY, LEAVES_CUSTODY
from throughcare.reference.areas import is_area
from throughcare.reference.calendar import LONDON

MOVED = "moved_area"
BEGINS = ("transferred", *IN_CUSTODY)
SITES = ("receiving_site", "prison")
ONE_MINUTE = timedelta(minutes=1)


@action
def left(*, by: Actor, at: datetime, stay: CustodyStay, until: datetime) -> CustodyStay:
    """Keep that a person left a site; what being held had paused runs again."""
    hold(stay.person_id)
    stay.refresh_from_db(fields=["until"])
    custody.leave(by=by, at=at, stay=stay, until=until)
    universal.left_custody(by=by, at=at, record=stay.record, on=localdate(until))
    return stay


def held_since(person: int) -> date | None:
    """The day since which a person is held; None when they are not recorded as held."""
    since = CustodyStay.objects.filter(person=person, until=None).values_list("since", flat=True).first()
    return localdate(since) if since else None


def reported(said: Said) -> None:
    """An event was reported that begins, moves or ends a stay: the stay follows, where the place is known.

    Where a release of the stay is still open, it could not be as reported: the flag says so, and they are still held.
    """
    event = said.about
    assert isinstance(event, PersonEvent)
    held = CustodyStay.objects.filter(person=event.person_id, until=None).first()
    if event.kind in LEAVES_CUSTODY and held and releases.of_stay(held) is None:
        custody.leave(by=said.by, at=said.at, stay=held, until=_moment(event, held, said.at))
    site = _site(event)
    if event.kind in BEGINS and site and (held is None or held.site_id != site.pk):
        stay = custody.receive(
            by=said.by, at=said.at, record=event.record, site=site, since=_moment(event, held, said.at)
        )
        if stay.event_id is None:
            stay.event = event
            stay.save(update_fields=["event"])


def moved(said: Said) -> None:
    """The person moved to another area: the record through which it was reported has that as their home from now on."""
    event = said.about
    assert isinstance(event, PersonEvent)
    area = str(event.facts.get("new_area", ""))
    if is_area(area):
        people.set_area(by=said.by, at=said.at, record=event.record, area=area)


def corrected(said: Said) -> None:
    """A report was undone: the stay it began never was, the one it ended goes on, and nobody need take over.

    A death undone leaves somebody who is held with a release to prepare.
    """
    assert isinstance(said.about, PersonEvent)
    wrong = said.about.of
    assert wrong is not None
    begun = CustodyStay.objects.filter(event=wrong).first()
    before = CustodyStay.objects.filter(person=wrong.person_id, until=begun.since if begun else None)
    if begun and begun.until is None:
        custody.never_was(by=said.by, at=said.at, stay=begun)
        ended = before.exclude(pk=begun.pk).first()
        if ended:
            custody.goes_on(by=said.by, at=said.at, stay=ended)
    elif wrong.kind in LEAVES_CUSTODY:
        last = CustodyStay.objects.filter(person=wrong.person_id).order_by("-since").first()
        if last and last.until and last.until == _ended_at(wrong, last):
            custody.goes_on(by=said.by, at=said.at, stay=last)
            if release := releases.of_stay(last):
                told = latest_date(release.case_id)
                custody.set_release_date(by=said.by, at=said.at, stay=last, release_date=told)
            unasked.no_longer_needed(at=said.at, person=wrong.person_id, opened_at=wrong.at)
    elif wrong.kind == MOVED and wrong.record.area == wrong.facts.get("new_area"):
        people.set_area(by=said.by, at=said.at, record=wrong.record, area="")  # nobody knows: nobody is guessed
    elif wrong.kind == DIED:
        held = CustodyStay.objects.filter(person=wrong.person_id, until=None).first()
        if held:
            releases.opened_at_reception(at=said.at, stay=held, legal_status=NOT_KNOWN)


def _site(event: PersonEvent) -> Site | None:
    named = next((str(event.facts[code]) for code in SITES if event.facts.get(code)), "")
    return Site.objects.filter(pk=int(named)).first() if named.isdecimal() else None


def _ended_at(event: PersonEvent, stay: CustodyStay) -> datetime | None:
    """When the event ended the stay; None where another did. With a release, its step of that moment says when."""
    if not stay.releases.exists():
        others = PersonEvent.objects.filter(person=stay.person_id, kind__in=LEAVES_CUSTODY, undone_by=None)
        return None if others.filter(at__gte=stay.since).exists() else _moment(event, stay, event.at)
    steps = StepTaken.objects.filter(case__release__stay=stay, verb__in=RELEASED, at=event.at)
    step = steps.filter(from_state__in=HELD).first()
    return (left_at(stay.since, step.facts, step.at) or step.at) if step else None


def _moment(event: PersonEvent, held: CustodyStay | None, at: datetime) -> datetime:
    """When it was: the moment given, or the beginning of the day; never before the stay it ends, nor ahead."""
    text = str(event.facts.get("release_time", ""))
    given = parse_datetime(text) if "T" in text else None
    if given is None:
        today = event.on is None or event.on >= localdate(at)
        given = at if today else datetime.combine(event.on or localdate(at), time(), LONDON)
    if held and given <= held.since:
        given = held.since + ONE_MINUTE
    return min(given, at)
