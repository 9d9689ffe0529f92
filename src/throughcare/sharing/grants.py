"""Opening and closing grants: always inside the action that is the reason for them."""

from collections.abc import Iterable
from datetime import datetime

from throughcare.sharing.models import Grant


def give(
    *, person: int, record: int, services: Iterable[int], kind: str, basis: str, source: str, at: datetime
) -> None:
    """Open a grant to each of the services. One that is open already for the same reason is left as it is."""
    Grant.objects.bulk_create(
        [
            Grant(person_id=person, service_id=service, record=record, kind=kind, basis=basis, source=source, since=at)
            for service in dict.fromkeys(services)
        ],
        ignore_conflicts=True,
    )


def end(*, source: str, at: datetime, service: int | None = None) -> int:
    """Close the open grants that came from `source` (for one service, or all), and say how many there were."""
    open_now = Grant.objects.filter(source=source, until__isnull=True)
    if service is not None:
        open_now = open_now.filter(service=service)
    return open_now.update(until=at)
