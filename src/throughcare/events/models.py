"""The chained record of what was done and refused, and the base of every model that only actions may write."""

from typing import Any, ClassVar, TypeVar

from django.db import models

from throughcare.events.acting import must_be_acting

M = TypeVar("M", bound=models.Model, covariant=True)


class KeptQuerySet(models.QuerySet[M]):
    """Writes in bulk are writes too: refused outside an action."""

    def update(self, **values: Any) -> int:
        must_be_acting(self.model)
        return super().update(**values)

    def delete(self) -> tuple[int, dict[str, int]]:
        must_be_acting(self.model)
        return super().delete()

    def bulk_create(self, *args: Any, **kwargs: Any) -> list[M]:
        must_be_acting(self.model)
        return super().bulk_create(*args, **kwargs)

    def bulk_update(self, *args: Any, **kwargs: Any) -> int:
        must_be_acting(self.model)
        return super().bulk_update(*args, **kwargs)


class Kept(models.Model):
    """A model whose rows change only inside an action, so that no write goes without an event.

    A model with a path to a person also says how the sharing table governs it: `category`, the code of a category of
    data, or `exempt`, the reason in words why none applies. The build fails when it says neither.
    """

    category: ClassVar[str] = ""
    exempt: ClassVar[str] = ""

    objects = KeptQuerySet.as_manager()

    class Meta:
        abstract = True
        base_manager_name = "objects"  # what relations write through: it must refuse as well

    def save(self, *args: Any, **kwargs: Any) -> None:
        must_be_acting(type(self))
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        must_be_acting(type(self))
        return super().delete(*args, **kwargs)


class Event(models.Model):
    """One row of the chain. Ids only and no foreign keys: it outlives what it speaks of."""

    category: ClassVar[str] = "audit_and_sharing_decisions"

    seq = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    verb = models.CharField(max_length=60)
    user = models.BigIntegerField(null=True)
    role = models.CharField(max_length=40)
    service = models.BigIntegerField(null=True)
    organisation = models.BigIntegerField(null=True)
    person = models.BigIntegerField(null=True)
    record = models.BigIntegerField(null=True)
    case = models.BigIntegerField(null=True)
    subject = models.CharField(max_length=80, blank=True)
    count = models.IntegerField(default=1)
    digest = models.CharField(max_length=64)
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        indexes = [
            models.Index(fields=["organisation", "-seq"], name="event_organisation"),
            models.Index(fields=["record", "-seq"], name="event_record"),
        ]


class EventDetail(models.Model):
    """What changed, before and after. Deletable: the chain holds only its digest, made with a random salt."""

    category: ClassVar[str] = "audit_and_sharing_decisions"

    event = models.BigIntegerField(primary_key=True)
    salt = models.CharField(max_length=32)
    body = models.TextField()
