"""Organisations, their services (teams), the places they work in and the areas they serve, and who works where."""

from django.db import models
from django.db.models import F, Q

from throughcare.accounts.models import User
from throughcare.events.models import Kept

PUBLIC_PAGE = "public page"
"""The kind of the one service that has no members: what is asked on the public page is sent by it."""


class Organisation(Kept):
    """A body that answers for the records it holds: a provider, a prison, a police force, a council."""

    name = models.CharField(max_length=160, unique=True)
    kind = models.CharField(max_length=80)
    lead_name = models.CharField(max_length=120, blank=True)
    lead_telephone = models.CharField(max_length=40, blank=True)


class Site(Kept):
    """A building people are held or live in: a prison, a custody suite, an approved premises."""

    organisation = models.ForeignKey(Organisation, models.PROTECT)
    name = models.CharField(max_length=160)
    kind = models.CharField(max_length=40)

    def __str__(self) -> str:
        return self.name


class Service(Kept):
    """A team: what hand-overs are sent to, and what people act for."""

    organisation = models.ForeignKey(Organisation, models.PROTECT)
    name = models.CharField(max_length=160)
    kind = models.CharField(max_length=80)
    telephone = models.CharField(max_length=40)
    mailbox = models.EmailField(blank=True)
    manager_name = models.CharField(max_length=120, blank=True)
    manager_telephone = models.CharField(max_length=40, blank=True)
    takes_hand_overs = models.BooleanField(default=True)
    sites: "models.ManyToManyField[Site, SiteCovered]" = models.ManyToManyField(
        Site, through="SiteCovered", help_text="Sites this service covers"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "name"], name="service_once"),
            models.UniqueConstraint(fields=["kind"], condition=Q(kind=PUBLIC_PAGE), name="one_public_page"),
        ]

    @property
    def is_public_page(self) -> bool:
        """Nobody works there: it stands for those who asked by themselves, without an account."""
        return self.kind == PUBLIC_PAGE

    def __str__(self) -> str:
        named = self.organisation.name in self.name
        return self.name if named else f"{self.name}, {self.organisation.name}"


class SiteCovered(Kept):
    """That a service covers a site: it may see the people held there."""

    service = models.ForeignKey(Service, models.CASCADE)
    site = models.ForeignKey(Site, models.CASCADE)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["service", "site"], name="site_once")]


class AreaServed(Kept):
    """An upper-tier authority, by its code, that a service serves.

    `front_door`: it answers whoever asks for help there by themselves. At most one service of an area does.
    """

    service = models.ForeignKey(Service, models.CASCADE, related_name="areas")
    area = models.CharField(max_length=9)
    front_door = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["service", "area"], name="area_once"),
            models.UniqueConstraint(fields=["area"], condition=Q(front_door=True), name="one_front_door"),
        ]
        indexes = [models.Index(fields=["area"], name="area_served")]


class Membership(Kept):
    """That a user works for a service in a role, from and until. Rows are added; only the end is filled in, once."""

    user = models.ForeignKey(User, models.PROTECT, related_name="memberships")
    service = models.ForeignKey(Service, models.PROTECT)
    role = models.CharField(max_length=40)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=F("since")), name="membership_ends_after_it_begins"
            ),
            models.UniqueConstraint(
                fields=["user", "service", "role"], condition=Q(until__isnull=True), name="membership_open_once"
            ),
        ]
