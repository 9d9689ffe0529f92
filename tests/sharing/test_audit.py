"""The audit trail: for those who oversee their own organisation, and nobody else."""

import csv
from pathlib import Path

import pytest
import worlds

from throughcare.events.models import Event
from throughcare.messages.models import Job
from throughcare.organisations.models import Service
from throughcare.reference.roles import roles
from throughcare.reference.tables import DATA
from throughcare.sharing.models import Look

pytestmark = pytest.mark.django_db
STAFF = [role for role in roles() if role != "person"]


def overseers() -> set[str]:
    """The roles that the table lets read the trail of their own organisation, read from its own file."""
    with (Path(DATA) / "sharing" / "matrix.csv").open(newline="") as file:
        return {
            row["role"]
            for row in csv.DictReader(file)
            if row["category"] == "audit_and_sharing_decisions"
            and (row["access"], row["condition_code_1"], row["condition_code_2"])
            == ("see", "own_organisation_record", "")
        }


@pytest.mark.parametrize("role", STAFF)
def test_only_those_who_oversee_read_the_trail_and_ask_for_it_to_be_verified(role: str) -> None:
    client = worlds.signed_in(worlds.worker(role))
    pages = [client.get(f"/audit/?show={show}") for show in ("looks", "events", "refusals")]
    pages.append(client.post("/audit/check/"))
    allowed = role in overseers()
    assert [page.status_code for page in pages] == ([200, 200, 200, 302] if allowed else [403] * 4)
    assert Job.objects.count() == int(allowed)
    if not allowed:
        assert all("SH-102" in page.content.decode() for page in pages)
        assert Event.objects.filter(verb="refused", subject="SH-102").count() == 4


def test_the_data_protection_lead_oversees_and_the_commissioner_does_not() -> None:
    assert "data_protection_lead" in overseers()
    assert not {"commissioner", "administrator", "keyworker", "police_investigator"} & overseers()


def test_a_lead_sees_the_looks_and_refusals_of_their_own_organisation_alone() -> None:
    keyworker, stranger = worlds.worker(), worlds.worker()
    record = worlds.person(keyworker, "Josephine", "Adeyemi")
    worlds.signed_in(keyworker).get(f"/people/{record.person_id}/")
    worlds.signed_in(stranger).get(f"/people/{record.person_id}/")
    worlds.signed_in(stranger).get("/people/")
    body = Service.objects.get(pk=keyworker.service).organisation
    lead = worlds.signed_in(worlds.worker("data_protection_lead", worlds.service(of=body)))
    other = worlds.signed_in(
        worlds.worker("data_protection_lead", worlds.service(of=Service.objects.get(pk=stranger.service).organisation))
    )
    own_look, other_look = Look.objects.order_by("pk")
    assert [row[0] for row in lead.get("/audit/").context["rows"]] == [own_look]
    assert [row[0] for row in other.get("/audit/").context["rows"]] == [other_look]
    assert lead.get("/audit/?show=refusals").context["rows"] == []
    [refusal] = other.get("/audit/?show=refusals").context["rows"]
    assert refusal[0].person == record.person_id
    for client in (lead, other):
        for show in ("looks", "events", "refusals"):
            assert "Josephine" not in client.get(f"/audit/?show={show}").content.decode()


@pytest.mark.parametrize("before", ["", "x", "-1", "9" * 30, "\x00", "²", "٣"])
def test_a_page_key_that_was_tampered_with_breaks_nothing(before: str) -> None:
    client = worlds.signed_in(worlds.worker("data_protection_lead"))
    for show in ("looks", "events", "refusals", "gossip"):
        assert client.get("/audit/", {"show": show, "before": before}).status_code == 200


@pytest.mark.parametrize("role", [*STAFF, "wizard", ""])
def test_everybody_can_read_what_the_table_says_of_any_role(role: str) -> None:
    page = worlds.signed_in(worlds.worker()).get("/help/sharing/", {"role": role})
    assert page.status_code == 200
    assert page.context["role"].code == (role if role in STAFF else "keyworker")
