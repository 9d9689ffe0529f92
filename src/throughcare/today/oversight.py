"""Today for those who oversee and hold no records: counts for commissioners, the audit trail for data protection."""

from datetime import datetime, timedelta

from django.db.models import Count, Q
from django.urls import reverse

from throughcare.accounts.models import User
from throughcare.events.actor import Actor
from throughcare.events.models import Event
from throughcare.handovers.models import HandOver
from throughcare.handovers.process.hand_over import TO_ANSWER
from throughcare.organisations.models import AreaServed, Service
from throughcare.sharing.models import Look
from throughcare.today.board import Act, Group, Line

WINDOW = timedelta(days=28)
WEEK = timedelta(days=7)
SMALLEST_SHOWN = 5
MANY_LOOKS = 50


def suppressed(count: int) -> str:
    """A count as those without records may read it: one to four are not told apart."""
    return str(count) if count == 0 or count >= SMALLEST_SHOWN else "under 5"


def commissioner_groups(actor: Actor, now: datetime) -> list[Group]:
    """Hand-overs late with each service of the commissioner's areas, as suppressed counts, with whom to ring.

    No totals: with them a hidden count could be worked out.
    """
    areas = AreaServed.objects.filter(service=actor.service).values("area")
    services = (
        Service.objects.filter(areas__area__in=areas, takes_hand_overs=True).exclude(Q(pk=actor.service)).distinct()
    )
    counts = dict(
        HandOver.objects.filter(
            receiver__in=services,
            sent_at__gte=now - WINDOW,
            case__strands__name="main",
            case__strands__state__in=TO_ANSWER,
        )
        .exclude(ladder="")
        .values("receiver")
        .annotate(late=Count("pk"))
        .values_list("receiver", "late")
    )
    lines = [
        Line(
            what=service.name,
            tag="Late" if counts.get(service.pk) else "In time",
            tone="missed" if counts.get(service.pk, 0) >= SMALLEST_SHOWN else "" if counts.get(service.pk) else "done",
            words=f"Waiting past their deadline: {suppressed(counts.get(service.pk, 0))}",
            ring=(service.manager_name, service.manager_telephone) if service.manager_telephone else None,
        )
        for service in sorted(services.order_by("name"), key=lambda service: service.pk not in counts)
    ]
    return [Group("Services of your areas: who has hand-overs waiting past their deadline", lines)]


def data_protection_groups(actor: Actor, now: datetime) -> list[Group]:
    """What to look at in the organisation's own audit trail: refusals of the last week, and who looked most."""
    refused = (
        Event.objects.filter(organisation=actor.organisation, verb="refused", at__gte=now - WEEK)
        .filter(Q(subject__contains="SH-") | Q(subject__contains="PR-20"))
        .order_by("-seq")[:10]
    )
    lookers = (
        Look.objects.filter(organisation=actor.organisation, at__gte=now - WEEK, person__isnull=False)
        .values("user", "role", "service")
        .annotate(people=Count("person", distinct=True))
        .order_by("-people", "user")[:10]
    )
    who = _Who([*((e.user, e.service) for e in refused), *((row["user"], row["service"]) for row in lookers)])
    look = Act("See the trail", reverse("audit"))
    return [
        Group(
            "Openings refused in the last 7 days: was there a reason?",
            [
                Line(
                    what=who.words(event.user, event.role, event.service),
                    tag=event.subject,
                    tone="today",
                    words=f"Event {event.seq}" + (f", person {event.person}" if event.person else ""),
                    acts=[Act("See the trail", reverse("audit") + "?show=refusals")],
                )
                for event in refused
            ],
        ),
        Group(
            "Who opened most people’s pages in the last 7 days",
            [
                Line(
                    what=who.words(row["user"], row["role"], row["service"]),
                    tag="Many" if row["people"] >= MANY_LOOKS else "",
                    words=f"{row['people']} {'person' if row['people'] == 1 else 'people'}",
                    acts=[look],
                )
                for row in lookers
            ],
        ),
    ]


class _Who:
    """The names behind the users and services of the audit trail."""

    def __init__(self, pairs: list[tuple[int | None, int | None]]) -> None:
        users, services = {user for user, _ in pairs if user}, {service for _, service in pairs if service}
        self.staff = dict(User.objects.filter(pk__in=users).values_list("pk", "name"))
        self.teams = dict(Service.objects.filter(pk__in=services).values_list("pk", "name"))

    def words(self, user: int | None, role: str, service: int | None) -> str:
        parts = (self.staff.get(user or 0, ""), role.replace("_", " "), self.teams.get(service or 0, ""))
        return ", ".join(filter(None, parts))
