"""How names and numbers are folded, checked and shown. Pure functions."""

import re
import unicodedata
from datetime import date

PRISON_NUMBER = re.compile(r"[A-Z][0-9]{4}[A-Z]{2}")
_PLAIN = {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h", "ı": "i", "ʼ": "", "ʻ": ""}
_LETTERS = str.maketrans(_PLAIN)
"""Letters that are no plain letter with an accent, as an English keyboard types them."""


def key(name: str) -> str:
    """A name folded for comparing and ordering: no accents, no case, letters and digits alone."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold()).translate(_LETTERS)
    return "".join(letter for letter in plain if letter.isalnum())[:80]


JOINERS = "\u200c\u200d"
"""Unseen, and needed: they shape names in Persian and in Indian scripts."""


def holds_invisible(name: str) -> bool:
    """Does a name hold a control or formatting character?"""
    return any(unicodedata.category(letter) in ("Cc", "Cf") and letter not in JOINERS for letter in name)


def folded_number(text: str) -> str:
    """An identifier in the form it is compared in: capitals and digits alone ("485 777 3456" is "4857773456")."""
    return re.sub(r"[^A-Z0-9]", "", text.upper())


def nhs_number_is_valid(number: str) -> bool:
    """Ten digits, the last a check digit (modulus 11, weights 10 to 2; NHS Data Dictionary, NHS NUMBER)."""
    if not re.fullmatch(r"[0-9]{10}", number):
        return False
    check = 11 - sum(int(digit) * weight for digit, weight in zip(number, range(10, 1, -1), strict=False)) % 11
    return check % 11 == int(number[9]) and check != 10


def prison_number_is_valid(number: str) -> bool:
    """A letter, four digits and two letters, such as A1234BC."""
    return PRISON_NUMBER.fullmatch(number) is not None


def age_on(born: date, on: date) -> int:
    """Whole years. Someone born on 29 February comes of age on 1 March in a common year."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))
