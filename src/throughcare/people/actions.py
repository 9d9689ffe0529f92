"""Writes to people: opening a record, and setting its pointer."""

from dataclasses import dataclass
from datetime import date, datetime

from django.utils.timezone import localdate

from throughcare.events.acting import action, say
from throughcare.events.actor import Actor
from throughcare.people.models import Identifier, Link, Record
from throughcare.people.rules import folded_number, holds_invisible, key, nhs_number_is_valid, prison_number_is_valid
from throughcare.sharing import grants
from throughcare.sharing.models import Grant, Person
from throughcare.web.faults import Fault, Refused

OWN_BASIS = "Your service opened this record"


@dataclass(frozen=True)
class Identity:
    """What a service knows of who someone is. Empty means not known."""

    given_name: str
    family_name: str
    preferred_name: str = ""
    date_of_birth: date | None = None
    address: str = ""
    area: str = ""
    telephone: str = ""
    safe_contact: str = ""
    nhs_number: str = ""
    prison_number: str = ""


def faults_of(identity: Identity, on: date) -> list[Fault]:
    """What is wrong with an identity, in numbered faults."""
    faults = []
    if not key(identity.given_name) and not key(identity.family_name):
        faults.append(
            Fault("PE-101", "family_name", "A record needs at least one name.", 'If none is known, write "Unknown".')
        )
    for field in ("given_name", "family_name", "preferred_name"):
        if holds_invisible(getattr(identity, field)):
            faults.append(
                Fault(
                    "PE-106",
                    field,
                    "This name holds a character that cannot be seen, which could hide or turn it round in lists.",
                    "Type it again instead of pasting it.",
                )
            )
    born = identity.date_of_birth
    if born and not (date(1900, 1, 1) <= born <= on):
        faults.append(
            Fault("PE-102", "date_of_birth", "The date of birth must be between 1900 and today.", "Check the year.")
        )
    if identity.nhs_number and not nhs_number_is_valid(folded_number(identity.nhs_number)):
        faults.append(
            Fault(
                "PE-103",
                "nhs_number",
                "This is not an NHS number: its check digit does not agree.",
                "Check each digit, or leave it empty.",
            )
        )
    if identity.prison_number and not prison_number_is_valid(folded_number(identity.prison_number)):
        faults.append(
            Fault(
                "PE-104",
                "prison_number",
                "A prison number is a letter, four digits and two letters, such as A1234BC.",
                "Check it, or leave it empty.",
            )
        )
    return faults


@action
def register(*, by: Actor, at: datetime, identity: Identity, made_up: bool = False, form: str | None = None) -> Record:
    """Open a record for someone new to this service: a new person, linked to by this record alone.

    form: the number of the form it was asked with. A second record from the same form is an IntegrityError: the first
    one is `opened_by_form`.
    """
    person = Person()
    person.save()
    return open_record(
        by=by, at=at, person=person, identity=identity, reason="New to this service", made_up=made_up, form=form
    )


def opened_by_form(form: str, by: Actor, identity: Identity) -> Record | None:
    """The record that this very form opened before; Refused (PE-107) where its answers were others."""
    earlier = Record.objects.filter(form=form).first()
    if earlier is None:
        return None
    asked = (by.service, identity.given_name.strip(), identity.family_name.strip(), identity.date_of_birth)
    if asked != (earlier.service_id, earlier.given_name, earlier.family_name, earlier.date_of_birth):
        raise Refused(
            Fault(
                "PE-107",
                "",
                "This form has opened a record before, with other answers.",
                "Look at the list of people, then open the form again for anybody else.",
            )
        )
    return earlier


@action
def open_record(
    *,
    by: Actor,
    at: datetime,
    person: Person,
    identity: Identity,
    reason: str,
    made_up: bool = False,
    form: str | None = None,
) -> Record:
    """Open this service's own record of a person who is already known, with its own values."""
    faults = faults_of(identity, localdate(at))
    if by.service is None or by.organisation is None:
        faults.append(Fault("PE-105", "", "A record belongs to a service.", "Choose which service you are acting for."))
    if faults or by.service is None or by.organisation is None:
        raise Refused(*faults)
    record = Record(
        person=person,
        organisation_id=by.organisation,
        service_id=by.service,
        given_name=identity.given_name.strip(),
        family_name=identity.family_name.strip(),
        preferred_name=identity.preferred_name.strip(),
        date_of_birth=identity.date_of_birth,
        address=identity.address.strip(),
        area=identity.area,
        telephone=identity.telephone.strip(),
        safe_contact=identity.safe_contact.strip(),
        given_key=key(identity.given_name),
        family_key=key(identity.family_name),
        made_up=made_up,
        opened_at=at,
        form=form,
    )
    record.save()
    Link(record=record, from_person=None, to_person=person, reason=reason, by_id=by.user, at=at).save()
    numbers = ((Identifier.NHS, identity.nhs_number), (Identifier.PRISON, identity.prison_number))
    Identifier.objects.bulk_create(
        Identifier(record=record, kind=kind, value=folded_number(value)) for kind, value in numbers if value
    )
    grants.give(
        person=person.pk,
        record=record.pk,
        services=[by.service],
        kind=Grant.OWN,
        basis=OWN_BASIS,
        source=f"record {record.pk}",
        at=at,
    )
    say("record.opened", by=by, at=at, person=person.pk, record=record.pk, detail={"reason": reason})
    return record


def identity_of(record: Record) -> Identity:
    """The identity that a record holds, for another service to begin its own with. Numbers are not carried."""
    return Identity(
        given_name=record.given_name,
        family_name=record.family_name,
        preferred_name=record.preferred_name,
        date_of_birth=record.date_of_birth,
        address=record.address,
        area=record.area,
        telephone=record.telephone,
        safe_contact=record.safe_contact,
    )
