"""Somebody without an account: what counts as one of them, and whether they can be rung. No database, no clock."""

import re
from ipaddress import IPv6Address, ip_address


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
        return str(found.ipv4_mapped) if found.ipv4_mapped else found.exploded[:19]
    return str(found)


def is_telephone(text: str) -> bool:
    """Could this be rung? 7 to 15 figures, with the signs that people write between them, and perhaps an extension."""
    found = re.fullmatch(r"([+()0-9 ./-]+)(?:(?:ext|x)\.? ?[0-9]{1,6})?", text.strip(), re.IGNORECASE)
    return found is not None and 7 <= len(re.findall("[0-9]", found[1])) <= 15
