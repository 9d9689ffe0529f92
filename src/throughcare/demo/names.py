"""Names, streets and numbers of made-up people.

Names are ordinary ones of people who live in England, in no order. Telephone numbers come from the ranges that Ofcom
keeps free for drama, NHS numbers from the range that begins with 999 and is kept for tests. Nobody can be reached by
any of them.
"""

from pathlib import Path

GIVEN = tuple((Path(__file__).parent / "given_names.txt").read_text(encoding="utf-8").split())
FAMILY = tuple((Path(__file__).parent / "family_names.txt").read_text(encoding="utf-8").split())
LONGEST = "Balasubramaniyamvenkateswarakrishnamoorthy"
STREETS = (
    "Weir Street",
    "Mill Lane",
    "Station Road",
    "Canal Side",
    "Church Hill",
    "Albert Terrace",
    "Tanner's Row",
    "Meadow Close",
    "Upper Bridge Street",
    "St Oswald's Avenue",
)
MADE_UP_PEOPLE_AT_MOST = 1_000_000


def mobile(number: int) -> str:
    """07700 900000 to 900999."""
    return f"07700 {900_000 + number % 1000}"


def telephone(number: int) -> str:
    """0113 496 0000 to 0999."""
    return f"0113 496 {number % 1000:04}"


def nhs_number(number: int) -> str:
    """The test number of the `number`th person, each another one; empty for the one in eleven without a check digit."""
    digits = f"999{number * 387_421 % MADE_UP_PEOPLE_AT_MOST:06}"
    check = 11 - sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=True)) % 11
    return "" if check == 10 else f"{digits}{check % 11}"


def prison_number(number: int) -> str:
    """A number of the form A1234BC, each another one."""
    rest, digits = divmod(number * 7919 + 1234, 10_000)
    rest, last = divmod(rest, 26)
    rest, middle = divmod(rest, 26)
    return f"{chr(65 + rest % 26)}{digits:04}{chr(65 + middle)}{chr(65 + last)}"
