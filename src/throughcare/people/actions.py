"""Writes to people: opening a record, and setting its pointer."""

from dataclasses import asdict, dataclass
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.timezone import localdate

from throughcare.events.acting import action, say
from throughcare.events.actor import Actor
from throughcare.people.holding import hold
from throughcare.people.models import Identifier, Link, Record
from throughcare.people.rules import folded_number, holds_invisible, key, nhs_number_is_valid, prison_number_is_valid
from throughcare.reference.areas import is_area
from throughcare.sharing import grants
from throughcare.sharing.models import Grant, Person
from throughcare.web.faults import Fault, NotAllowed, Refused

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
    email: str = ""
    safe_contact: str = ""
    may_email: bool = False
    may_name_service: bool = False
    nhs_number: str = ""
    prison_number: str = ""


NO_AREA = Fault("PE-111", "area", "That is no area that commissions treatment.", "Choose one from the list.")


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
    if identity.area and not is_area(identity.area):
        faults.append(NO_AREA)
    return faults + _faults_of_email(identity.email.strip(), identity.may_email)


def _faults_of_email(email: str, may_email: bool) -> list[Fault]:
    try:
        if email:
            validate_email(email)
    except ValidationError:
        return [Fault("PE-108", "email", "This is not an e-mail address.", "Type it like name@example.org.")]
    if may_email and not email:
        rule = "You say that e-mail is safe, and there is no address."
        return [Fault("PE-109", "email", rule, "Enter the address, or take the tick away.")]
    return []


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
        email=identity.email.strip(),
        safe_contact=identity.safe_contact.strip(),
        may_email=identity.may_email,
        may_name_service=identity.may_name_service,
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
        email=record.email,
        safe_contact=record.safe_contact,
        may_email=record.may_email,
        may_name_service=record.may_name_service,
    )


@dataclass(frozen=True)
class Contact:
    """How a person is reached, and what they agreed to."""

    telephone: str = ""
    email: str = ""
    safe_contact: str = ""
    may_email: bool = False
    may_name_service: bool = False


@action
def set_contact(*, by: Actor, at: datetime, record: Record, contact: Contact) -> Record:
    """Change how the person is reached. Refused (PE-110) but to the record's own service.

    What was agreed to counts from now on, also for messages that wait already.
    """
    hold(record.person_id)
    record = Record.objects.get(pk=record.pk)
    if record.service_id != by.service:
        raise NotAllowed(
            Fault(
                "PE-110",
                "",
                "How to reach a person is changed by a service in its own record of them.",
                "Tell the service that holds the record, or accept a hand-over first.",
            ),
            person=record.person_id,
        )
    if faults := _faults_of_email(contact.email.strip(), contact.may_email):
        raise Refused(*faults, person=record.person_id)
    before = {name: getattr(record, name) for name in asdict(contact)}
    after = {name: value.strip() if isinstance(value, str) else value for name, value in asdict(contact).items()}
    for name, value in after.items():
        setattr(record, name, value)
    record.save(update_fields=list(after))
    changed = [name for name in after if before[name] != after[name]]
    say(
        "record.contact_changed",
        by=by,
        at=at,
        person=record.person_id,
        record=record.pk,
        detail={"before": {n: before[n] for n in changed}, "after": {n: after[n] for n in changed}},
    )
    return record


@action
def set_area(*, by: Actor, at: datetime, record: Record, area: str) -> Record:
    """Keep in a record the area that a person lives in or returns to; "" where it is not known any more.

    Refused (PE-111) where it is none. Whoever must find a service of the home area reads it. The caller knows that the
    actor may change the record.
    """
    if area and not is_area(area):
        raise Refused(NO_AREA, person=record.person_id)
    hold(record.person_id)
    record.refresh_from_db(fields=["area"])
    if record.area == area:
        say("record.area_repeated", by=by, at=at, person=record.person_id, record=record.pk)
        return record
    before, record.area = record.area, area
    record.save(update_fields=["area"])
    say(
        "record.area_changed",
        by=by,
        at=at,
        person=record.person_id,
        record=record.pk,
        detail={"before": before, "after": area},
    )
    return record
