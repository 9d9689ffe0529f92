"""Pages that are only read: by whom, and how their addresses are found by somebody who is signed in."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from bench.browser import Browser

COORDINATOR = "Ines Carvalho"
"""Of nobody's caseload; see `bench.prepare`."""
PRISON = ("Grace Mbeki", "Lee Sutcliffe", "Renáta Horváth", "Rajan Pillai")
COMMUNITY = ("Samuel Okoro", "Beth Hargreaves", "Tomasz Zieliński", "Yasmin Qureshi")
TODAY_OF = {
    "drug worker": PRISON[0],
    "nurse": "Rajan Pillai",
    "custody": "Marta Kowalczyk",
    "keyworker": COMMUNITY[0],
    "clinician": "Dr Anjali Shah",
    "manager": "Maureen O'Hara",
    "probation": "Fiona Campbell-Reid",
    "front desk": "Jo Li",
    "RECONNECT": "Jamal Anderson",
}
"""Somebody of each role that has something on Today; the custody nurse's is the list of questions who prescribes."""
A_CASE = re.compile(r'href="(/cases/\d+/)"')
OF_A_ROW = re.compile(r'(?:data-label="Person"|tc-who")><a class="govuk-link" href="(/cases/\d+/)"')
A_PERSON = re.compile(r'href="(/people/\d+/)"')
FURTHER = re.compile(r'href="(\?page=\d+)')


@dataclass(frozen=True)
class Reading:
    """One kind of page. readers: names, who share the clients; addresses: of the pages of that kind that they have."""

    name: str
    readers: tuple[str, ...]
    addresses: Callable[[Browser], list[str]]


def board(browser: Browser) -> list[str]:
    """Every page of the board of releases."""
    found = ["/releases/"]
    for address in found:  # it grows while it is read
        further = [f"/releases/{page}" for page in FURTHER.findall(browser.get(address).body)]
        found += [page for page in dict.fromkeys(further) if page not in (*found, "/releases/?page=1")]
    return found


def on(address: str, kind: re.Pattern[str], further: str = "") -> Callable[[Browser], list[str]]:
    """What one page leads to, of one kind; with a page of each, where its name is given."""
    return lambda browser: [f"{found}{further}" for found in dict.fromkeys(kind.findall(browser.get(address).body))]


def these(*addresses: str) -> Callable[[Browser], list[str]]:
    return lambda _: list(addresses)


READINGS = (
    Reading("prison board", PRISON, board),
    Reading("arrivals board", COMMUNITY, board),
    Reading("coordinators", (COORDINATOR,), board),
    Reading("release, held", PRISON, on("/releases/", OF_A_ROW)),
    Reading("release, left", COMMUNITY, on("/releases/", OF_A_ROW)),
    Reading("hand-over", COMMUNITY, on("/hand-overs/", OF_A_ROW)),
    Reading("diary", COMMUNITY, these("/diary/", "/diary/?view=week")),
    Reading("clinical sheet", (*COMMUNITY, "Rajan Pillai"), on("/people/", A_PERSON, "sheet/")),
    Reading("custody question", (TODAY_OF["custody"],), on("/", A_CASE)),
    *(Reading(f"today, {role}", (name,), these("/")) for role, name in TODAY_OF.items()),
)
