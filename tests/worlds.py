"""Small worlds for tests, built by the real actions: organisations, services, who works there, people, hand-overs.

Everything has stood since `BEGAN`, a morning after the disclosure table came into force, so that pages, which ask the
real clock, see it too.
"""

import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from itertools import count
from threading import Barrier
from typing import Any

from django.db import connection, connections
from django.db.models import QuerySet
from django.test import Client
from django.test.utils import CaptureQueriesContext

from throughcare.accounts import actions as accounts
from throughcare.accounts.models import User
from throughcare.events.actor import SYSTEM, Actor
from throughcare.handovers.actions import custody
from throughcare.handovers.actions import hand_over as hand_overs
from throughcare.handovers.actions.hand_over import Draft
from throughcare.handovers.models import CustodyStay, HandOver
from throughcare.organisations import actions as organisations
from throughcare.organisations.models import Membership, Organisation, Service, Site
from throughcare.organisations.queries import actor_of
from throughcare.people import actions as people
from throughcare.people.actions import Identity
from throughcare.people.models import Record
from throughcare.processes import actions as engine
from throughcare.sharing.models import Person
from throughcare.sharing.rule import readable
from throughcare.web.faults import Refused

BEGAN = datetime(2026, 11, 23, 9, tzinfo=UTC)
PASSWORD = "a-long-password-of-a-test"
_numbers = count(1)


def organisation(name: str = "", kind: str = "community drug and alcohol treatment service") -> Organisation:
    """An organisation, with a name of its own when none is given."""
    return organisations.found(by=SYSTEM, at=BEGAN, name=name or f"Provider {next(_numbers)}", kind=kind)


def service(name: str = "", *, of: Organisation | None = None, sites: Iterable[Site] = (), **more: Any) -> Service:
    """A service (team) of an organisation, a new one when none is given."""
    return organisations.set_up(
        by=SYSTEM,
        at=BEGAN,
        organisation=of or organisation(),
        name=name or f"Team {next(_numbers)}",
        kind="team",
        telephone="020 7946 0001",
        sites=sites,
        **more,
    )


def site(name: str = "HMP Northgate", kind: str = "prison") -> Site:
    """A place where people are held; give it to the services that cover it."""
    return organisations.enter_site(by=SYSTEM, at=BEGAN, organisation=organisation(kind="prison"), name=name, kind=kind)


def worker(role: str = "keyworker", at: Service | None = None, *, name: str = "") -> Actor:
    """Somebody new who works at a service, acting for it; PASSWORD signs in."""
    number = next(_numbers)
    user = accounts.create(
        by=SYSTEM, at=BEGAN, email=f"worker{number}@example.org", name=name or f"Worker {number}", password=PASSWORD
    )
    return joins(user, at or service(), role)


def joins(user: User | Actor, at: Service, role: str = "keyworker") -> Actor:
    """The same user, acting for one more service."""
    who = User.objects.get(pk=user.user) if isinstance(user, Actor) else user
    membership = organisations.join(by=SYSTEM, at=BEGAN, user=who, service=at, role=role)
    return actor_of(Membership.objects.select_related("service").get(pk=membership.pk), who)


def person(by: Actor, given: str = "James", family: str = "Adeyemi", born: date | None = None, **more: Any) -> Record:
    """The record that a worker opens of somebody new to their service."""
    identity = Identity(given_name=given, family_name=family, date_of_birth=born, **more)
    return people.register(by=by, at=BEGAN, identity=identity)


def held(record: Record, at: Site, *, by: Actor = SYSTEM, since: datetime = BEGAN) -> CustodyStay:
    """The person is held at a site, which opens the grants of the services that cover it."""
    return custody.receive(by=by, at=since, record=record, site=at, since=since)


def drafted(by: Actor, record: Record, to: Service, *, urgent: str = "no", **more: Any) -> HandOver:
    """A hand-over that is written and not sent."""
    draft = Draft(
        receiver=to,
        reason="Leaves on Thursday",
        basis="direct_care",
        safe_contact="Mobile after 4pm",
        urgent=urgent,
        **{"opioid_agonist_medicine": "no", **more},
    )
    return hand_overs.draft(by=by, at=BEGAN, record=record, draft=draft)


def take(by: Actor, hand_over: HandOver, verb: str, *, at: datetime = BEGAN, **facts: object) -> None:
    """One further step of a hand-over: `take(by, hand_over, "send")`."""
    engine.take(by=by, at=at, case=hand_over.case_id, verb=verb, facts=facts)


def sent(by: Actor, record: Record, to: Service, **more: Any) -> HandOver:
    """A hand-over that is written and sent."""
    hand_over = drafted(by, record, to, **more)
    take(by, hand_over, "send")
    return hand_over


def signed_in(actor: Actor, **options: Any) -> Client:
    """A browser in which this user is signed in and acts for this service. `options` go to Django's test client."""
    client = Client(**options)
    client.force_login(User.objects.get(pk=actor.user))
    session = client.session
    session["membership"] = Membership.objects.get(
        user=actor.user, service=actor.service, role=actor.role, until=None
    ).pk
    session.save()
    return client


_FIXED = {
    "django_session": "session",
    "accounts_user": "user",
    "organisations_membership": "membership",
    "sharing_look": "look",
}
_TABLE = re.compile(r'(?:FROM|INTO|UPDATE) "(\w+)"')


def own_statements(client: Client, url: str, *, look: int) -> list[str]:
    """Get a page, and give the statements it sent beyond the fixed cost, which is asserted and printed.

    look: statements that keep the look: 1 for a list, 2 for a person (was it kept this hour?), 0 for a page without.
    """
    with CaptureQueriesContext(connection) as sent:
        answer = client.get(url)
    assert answer.status_code == 200, f"{url} answered {answer.status_code}"
    return fixed_cost([query["sql"] for query in sent.captured_queries], look=look)


def fixed_cost(statements: list[str], *, look: int) -> list[str]:
    """Assert and print what every page costs: session, user, membership, look. Gives the other statements."""
    fixed = dict.fromkeys(_FIXED.values(), 0)
    own = []
    for sql in statements:
        table = _TABLE.search(sql)
        if table and table[1] in _FIXED:
            fixed[_FIXED[table[1]]] += 1
        else:
            own.append(sql)
    print("fixed cost:", ", ".join(f"{name} {times}" for name, times in fixed.items()), f"| beyond it: {len(own)}")
    assert fixed == {"session": 1, "user": 1, "membership": 1, "look": look}
    return own


def visible_people(actor: Actor, at: datetime) -> QuerySet[Person]:
    """Whose identity the actor may read, by the rule alone."""
    return readable(Person.objects.all(), actor, "identity_core", at, person="pk")


def at_once(*acts: Any) -> list[Any]:
    """Carry the acts out at the same moment, each in a thread; gives what each gave, or how it was refused."""
    start = Barrier(len(acts))

    def run(act: Any) -> Any:
        try:
            start.wait()
            return act()
        except Refused as refused:
            return refused
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [answer.result() for answer in [pool.submit(run, act) for act in acts]]
