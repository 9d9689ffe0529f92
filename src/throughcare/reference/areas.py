"""The 153 upper-tier authorities of England, which commission treatment. Boundaries and codes of April 2023."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from .tables import DATA, read

AREA_TYPES = ("unitary authority", "county council", "metropolitan district", "London borough")


@dataclass(frozen=True)
class Area:
    """One authority. Codes are those of the Office for National Statistics.

    code:           the code of April 2023, by which Throughcare knows the area.
    code_from_2025: the code in use from April 2025; it differs for Barnsley and Sheffield.
    """

    code: str
    name: str
    area_type: str
    region_code: str
    region_name: str
    police_force_code: str
    police_force_name: str
    code_from_2025: str


@cache
def areas(folder: Path = DATA) -> Mapping[str, Area]:
    """Every area by its code."""
    rows = read(
        folder,
        "england/geography.csv",
        "code name area_type region_code region_name pfa24_code pfa24_name lower_tier_count code_from_2025",
        key="code",
    )
    return MappingProxyType(
        {
            row.text("code"): Area(
                code=row.text("code"),
                name=row.filled("name"),
                area_type=row.one_of("area_type", AREA_TYPES),
                region_code=row.filled("region_code"),
                region_name=row.filled("region_name"),
                police_force_code=row.filled("pfa24_code"),
                police_force_name=row.filled("pfa24_name"),
                code_from_2025=row.filled("code_from_2025"),
            )
            for row in rows
        }
    )


def area(code: str) -> Area:
    """The area with this code of April 2023. Raises KeyError when there is none."""
    return areas()[code]


@cache
def districts(folder: Path = DATA) -> Mapping[str, str]:
    """The code of each lower-tier district, with the code of the area that it lies in."""
    rows = read(
        folder,
        "england/geography_lookup.csv",
        "ltla23_code ltla23_name utla23_code utla23_name region_code region_name "
        "csp24_code csp24_name pfa24_code pfa24_name",
        key="ltla23_code",
    )
    return MappingProxyType({row.text("ltla23_code"): row.one_of("utla23_code", areas(folder)) for row in rows})


@cache
def _replaced(folder: Path = DATA) -> Mapping[str, tuple[str, ...]]:
    """Codes that are not, or will not stay, in use, each with the codes by which Throughcare knows the area."""
    found: dict[str, tuple[str, ...]] = {area.code_from_2025: (area.code,) for area in areas(folder).values()}
    for row in read(folder, "england/geography_changes.csv", "old_code old_name code note", key="old_code"):
        codes = tuple(row.filled("code").split("|"))
        for code in codes:
            if code not in areas(folder):
                raise row.wrong("code", f"{code!r} is not a known code")
        found[row.text("old_code")] = codes
    return MappingProxyType(found)


def current_codes(code: str, folder: Path = DATA) -> tuple[str, ...]:
    """The codes by which Throughcare knows the area that once had, or now has, this code.

    Mostly one; two where a county was split (Cumbria, Northamptonshire), and then a person must choose. None for a
    code that is not known.
    """
    return (code,) if code in areas(folder) else _replaced(folder).get(code, ())


MADE_UP_AREAS: Mapping[str, str] = MappingProxyType({"X99000001": "Northbridge (made-up)"})
"""Areas that exist in demonstrations alone. Never among the 153, and in no figure."""


def is_area(code: str) -> bool:
    """Is it the code of an area, made-up ones among them?"""
    return code in MADE_UP_AREAS or code in areas()


def area_name(code: str) -> str:
    """The name of an area, made-up ones among them; of any other code, the code."""
    return MADE_UP_AREAS.get(code) or (areas()[code].name if code in areas() else code)


def area_choices(*, made_up: bool) -> list[tuple[str, str]]:
    """Every area to choose from, by name; the made-up ones too where the people are."""
    more = MADE_UP_AREAS.items() if made_up else ()
    return sorted([*((area.code, area.name) for area in areas().values()), *more], key=lambda choice: choice[1])
