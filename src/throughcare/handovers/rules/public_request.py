"""What is made of an answer given on the public page, and what is taken for a machine. Pure functions."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from ipaddress import IPv6Address, ip_address

SELF, OTHER = "self", "other"
KNOWS = (
    ("yes", "Yes"),
    ("no", "No"),
    ("not_sure", "I am not sure"),
)
MESSAGES = (
    ("none", "No, leave no message"),
    ("unnamed", "Yes, but it must not say who you are or what it is about"),
    ("named", "Yes, and it may say who you are"),
)
_MESSAGE_WORDS = {
    "none": "Leave no message.",
    "unnamed": "A message may be left, but must not say who we are or what it is about.",
    "named": "A message may be left and may say who we are.",
}
_KNOWS_WORDS = {
    "yes": "The person knows that they asked.",
    "no": "The person does not know that they asked.",
    "not_sure": "They are not sure whether the person knows.",
}
NOT_YET = "The person has not said how to reach them. Somebody else asked for them: speak with whoever asked first."

TYPED_IN, OPEN_FOR = timedelta(seconds=3), timedelta(days=1)
"""Nobody fills in the form faster; and a form that was left open longer is asked to be sent once more."""
WINDOW = timedelta(hours=1)
MOST_FROM_ONE, MOST_IN_ALL = 10, 100
"""Requests in an hour: from one network, which a hostel or a library may share; and from everywhere."""


@dataclass(frozen=True)
class Asked:
    """The answers. telephone, email, message and good_time are those of whoever asked: the person, or another.

    knows, asked_by: only where somebody asked for another. Empty means not answered.
    """

    area: str
    for_whom: str
    name: str
    telephone: str
    email: str
    message: str
    good_time: str = ""
    words: str = ""
    date_of_birth: date | None = None
    knows: str = ""
    asked_by: str = ""


def why(asked: Asked) -> str:
    """The reason of the hand-over: who asked for whom, and nothing that they said."""
    if asked.for_whom == SELF:
        return "Asked for help for themselves, on the public page."
    return (
        "Somebody who cares about this person asked for help for them, on the public page. "
        f"{_KNOWS_WORDS[asked.knows]} The person has asked for nothing themselves."
    )


def how_to_reach(asked: Asked) -> str:
    """Safe contact for the hand-over: how to reach whoever asked, and whom not to reach behind it."""
    reach = " ".join(filter(None, (_numbers(asked), _MESSAGE_WORDS[asked.message], _time(asked))))
    if asked.for_whom == SELF:
        return reach
    first = f"Speak first with {asked.asked_by}, who asked."
    return f"{first} {reach} Before that, do not ring, write to or visit the person."


def for_the_record(asked: Asked) -> str:
    """Safe contact for the person's own record, at most 300 characters: nothing there is about whoever else asked."""
    if asked.for_whom == OTHER:
        return NOT_YET
    email = f"E-mail {asked.email}." if asked.email else ""
    return " ".join(filter(None, (email, _MESSAGE_WORDS[asked.message], _time(asked))))


def _numbers(asked: Asked) -> str:
    telephone = f"Telephone {asked.telephone}." if asked.telephone else ""
    return " ".join(filter(None, (telephone, f"E-mail {asked.email}." if asked.email else "")))


def _time(asked: Asked) -> str:
    return f"Good time: {asked.good_time.rstrip('.')}." if asked.good_time else ""


def is_telephone(text: str) -> bool:
    """Could this be rung? 7 to 15 figures, with the signs that people write between them, and perhaps an extension."""
    found = re.fullmatch(r"([+()0-9 ./-]+)(?:(?:ext|x)\.? ?[0-9]{1,6})?", text.strip(), re.IGNORECASE)
    return found is not None and 7 <= len(re.findall("[0-9]", found[1])) <= 15


def as_typed_by_somebody(age: timedelta | None) -> bool:
    """Was the form open about as long as people take? `age` is None when its stamp cannot be read."""
    return age is not None and TYPED_IN <= age <= OPEN_FOR


def network_of(address: str, forwarded: str = "") -> str:
    """What counts as one sender: an address of version 4, or the network of one home of version 6.

    forwarded: what a proxy on this very machine says that it answers for; the last of it is its own word. It is
    believed from nobody else.
    """
    told = forwarded.rpartition(",")[2].strip()
    try:
        if told and (not address or ip_address(address).is_loopback):
            address = str(ip_address(told))
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return found.exploded[:19]
    return str(found)
