"""Where a person is held: writes that open and close the grants of the services that cover the site."""

from datetime import date, datetime, timedelta

from throughcare.events.acting import action, say
from throughcare.events.actor import Actor
from throughcare.handovers.models import CustodyStay
from throughcare.organisations.models import Service, Site
from throughcare.people.models import Record
from throughcare.sharing import grants
from throughcare.sharing.models import Grant
from throughcare.web.faults import Fault, Refused

FURTHEST_RELEASE = timedelta(days=60 * 365)


@action
def receive(*, by: Actor, at: datetime, record: Record, site: Site, since: datetime) -> CustodyStay:
    """Keep that a person is held at a site since a moment. Refused where they are already held (CU-101)."""
    if CustodyStay.objects.filter(person=record.person_id, until=None).exists():
        raise Refused(
            Fault("CU-101", "site", "This person is already held at a site.", "End that stay first."),
            person=record.person_id,
        )
    stay = CustodyStay(person_id=record.person_id, record=record, site=site, since=since)
    stay.save()
    grants.give(
        person=record.person_id,
        services=Service.objects.filter(sites=site).values_list("pk", flat=True),
        kind=Grant.CUSTODY,
        basis=f"Held at {site.name}",
        source=f"stay {stay.pk}",
        at=since,
    )
    say("custody.received", by=by, at=at, person=record.person_id, record=record.pk, subject=f"stay {stay.pk}")
    return stay


@action
def leave(*, by: Actor, at: datetime, stay: CustodyStay, until: datetime) -> CustodyStay:
    """Keep that a person left a site. Every grant that being held there opened ends at that minute."""
    if until < stay.since:
        raise Refused(
            Fault("CU-102", "until", "Nobody can leave a site before they came.", "Check both dates."),
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
    if release_date and not stay.since.date() <= release_date <= at.date() + FURTHEST_RELEASE:
        raise Refused(
            Fault(
                "CU-103",
                "release_date",
                f"A release date lies between the day the person came, {stay.since:%-d %b %Y}, and 60 years from now.",
                "Check the year.",
            ),
            person=stay.person_id,
        )
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
