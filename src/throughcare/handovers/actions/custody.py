"""Where a person is held: writes that open and close the grants of the services that cover the site."""

from datetime import date, datetime

from django.utils.timezone import localdate

from throughcare.events.acting import action, say
from throughcare.events.actor import Actor
from throughcare.handovers.models import CustodyStay
from throughcare.handovers.rules.release import impossible
from throughcare.organisations.models import Service, Site
from throughcare.people.holding import hold
from throughcare.people.models import Record
from throughcare.sharing import grants
from throughcare.sharing.models import Grant
from throughcare.web.faults import Fault, Refused


@action
def receive(
    *, by: Actor, at: datetime, record: Record, site: Site, since: datetime, legal_status: str = ""
) -> CustodyStay:
    """Keep that a person is held at a site since a moment.

    That somebody came is a fact, so it is kept also where they are still recorded as held elsewhere: nobody is held in
    two places, and the earlier stay ends. Entered late, when they are known to have gone elsewhere since, the stay
    ends as that one begins. A known release date goes with the person, and the same words sent twice are one stay.
    Refused (CU-101) only for a moment that has not come yet. legal_status: why held, for the release that a prison
    prepares from that minute on; see `actions.release`.
    """
    if since > at:
        raise Refused(
            Fault("CU-101", "time", "Nobody has come at a moment that lies ahead.", "Check the date and the time."),
            person=record.person_id,
        )
    hold(record.person_id)  # two sites may enter the same person at once
    stays = CustodyStay.objects.filter(person=record.person_id)
    if same := stays.filter(site=site, since=since).first():
        say("custody.repeated", by=by, at=at, person=record.person_id, record=record.pk, subject=f"stay {same.pk}")
        return same
    later = stays.filter(since__gt=since).order_by("since").first()
    moved_on = later.since if later else None
    other = stays.filter(until=None, since__lte=since).first()
    stay = CustodyStay(person_id=record.person_id, record=record, site=site, since=since, until=moved_on)
    if other:
        stay.release_date = other.release_date
        leave(by=by, at=at, stay=other, until=since)
    stay.save()
    _open(stay, since)
    if moved_on:
        grants.end(source=f"stay {stay.pk}", at=moved_on)
    say(
        "custody.received",
        by=by,
        at=at,
        person=record.person_id,
        record=record.pk,
        subject=f"stay {stay.pk}",
        detail={
            "site": site.pk,
            "since": since,
            "until": moved_on,
            "left": other.pk if other else None,
            "legal_status": legal_status,
        },
        about=stay,
    )
    return stay


@action
def leave(*, by: Actor, at: datetime, stay: CustodyStay, until: datetime) -> CustodyStay:
    """Keep that a person left a site. Every grant that being held there opened ends at that minute."""
    if stay.until is not None or not stay.since <= until <= at:
        raise Refused(
            Fault(
                "CU-102",
                "day",
                "Nobody leaves a site before they came, or at a moment that lies ahead.",
                "Check the date and the time. For a date to come, set the release date.",
            ),
            person=stay.person_id,
        )
    stay.until = until
    stay.save(update_fields=["until"])
    grants.end(source=f"stay {stay.pk}", at=until)
    say("custody.left", by=by, at=at, person=stay.person_id, record=stay.record_id, subject=f"stay {stay.pk}")
    return stay


@action
def set_release_date(*, by: Actor, at: datetime, stay: CustodyStay, release_date: date | None) -> CustodyStay:
    """Keep the latest release date known, or that none is known any more."""
    must_be_possible(stay, release_date, at)
    before, stay.release_date = stay.release_date, release_date
    stay.save(update_fields=["release_date"])
    say(
        "custody.release_date",
        by=by,
        at=at,
        person=stay.person_id,
        record=stay.record_id,
        subject=f"stay {stay.pk}",
        detail={"before": before, "after": release_date},
    )
    return stay


@action
def never_was(*, by: Actor, at: datetime, stay: CustodyStay) -> CustodyStay:
    """A stay that was reported and was not so: it ends in the moment in which it began, and opens nothing."""
    stay.until = stay.since
    stay.save(update_fields=["until"])
    grants.end(source=f"stay {stay.pk}", at=at)
    subject = f"stay {stay.pk}"
    say("custody.undone", by=by, at=at, person=stay.person_id, record=stay.record_id, subject=subject, about=stay)
    return stay


@action
def goes_on(*, by: Actor, at: datetime, stay: CustodyStay) -> CustodyStay:
    """A stay that was reported as ended and was not: it goes on, and opens again what it opened."""
    stay.until = None
    stay.save(update_fields=["until"])
    _open(stay, at)
    say("custody.goes_on", by=by, at=at, person=stay.person_id, record=stay.record_id, subject=f"stay {stay.pk}")
    return stay


def _open(stay: CustodyStay, since: datetime) -> None:
    """Being held opens the person to every service that covers the site."""
    grants.give(
        person=stay.person_id,
        record=stay.record_id,
        services=Service.objects.filter(sites=stay.site).order_by("pk").values_list("pk", flat=True),
        kind=Grant.CUSTODY,
        basis=f"Held at {stay.site.name}",
        source=f"stay {stay.pk}",
        at=since,
    )


def must_be_possible(stay: CustodyStay, release_date: date | None, at: datetime) -> None:
    """Refuses (CU-103) to write down a release date before the person came, or too far ahead to be one."""
    came = localdate(stay.since)
    if release_date and impossible(release_date, came, localdate(at)):
        raise Refused(
            Fault(
                "CU-103",
                "release_date",
                f"A release date lies between the day the person came, {came:%-d %b %Y}, and 60 years from now.",
                "Check the year.",
            ),
            person=stay.person_id,
        )
