"""What is made of the answers on the public page. Pure rules."""

from datetime import timedelta

import pytest

from throughcare.handovers.rules.public_request import (
    OPEN_FOR,
    TYPED_IN,
    Asked,
    as_typed_by_somebody,
    for_the_record,
    how_to_reach,
    is_telephone,
    network_of,
    why,
)

SELF = Asked("E08000035", "self", "Sam", "07700 900123", "sam@example.org", "named", good_time="mornings.")
OTHER = Asked("E08000035", "other", "Robin", "07700 900123", "", "none", knows="not_sure", asked_by="Maria")


def test_for_oneself_both_ways_to_be_reached_are_told_with_what_a_message_may_say() -> None:
    assert how_to_reach(SELF) == (
        "Telephone 07700 900123. E-mail sam@example.org. "
        "A message may be left and may say who we are. Good time: mornings."
    )
    assert for_the_record(SELF).startswith("E-mail sam@example.org. A message may be left")
    assert why(SELF) == "Asked for help for themselves, on the public page."


def test_for_another_whoever_asked_is_reached_and_nothing_of_theirs_goes_into_the_record() -> None:
    assert how_to_reach(OTHER) == (
        "Speak first with Maria, who asked. Telephone 07700 900123. Leave no message. "
        "Before that, do not ring, write to or visit the person."
    )
    assert "Maria" not in for_the_record(OTHER)
    assert "900123" not in for_the_record(OTHER)
    assert "They are not sure whether the person knows." in why(OTHER)
    assert "The person has asked for nothing themselves." in why(OTHER)


@pytest.mark.parametrize(
    "text", ["07700 900123", "+44 (0)20 7946 0001", "020-7946-0001", "0113 496 0044 ext. 12", "01632 960000 x9"]
)
def test_a_telephone_number_is_taken_as_people_write_it(text: str) -> None:
    assert is_telephone(text)


@pytest.mark.parametrize(
    "text", ["", "123456", "ring mum", "0" * 16, "07700 900123 (mum)", "sam@example.org", "٠٧٧٠٠٩٠٠"]
)
def test_what_cannot_be_rung_is_no_telephone_number(text: str) -> None:
    assert not is_telephone(text)


@pytest.mark.parametrize(
    ("age", "somebody"),
    [
        (None, False),
        (timedelta(seconds=-5), False),
        (TYPED_IN - timedelta(seconds=1), False),
        (TYPED_IN, True),
        (OPEN_FOR, True),
        (OPEN_FOR + timedelta(seconds=1), False),
    ],
)
def test_a_form_is_open_for_as_long_as_somebody_takes(age: timedelta | None, somebody: bool) -> None:
    assert as_typed_by_somebody(age) is somebody


@pytest.mark.parametrize(
    ("address", "forwarded", "network"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "198.51.100.7", "203.0.113.9"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("127.0.0.1", "10.0.0.1, 198.51.100.7", "198.51.100.7"),
        ("::1", "198.51.100.7", "198.51.100.7"),
        ("", "198.51.100.7", "198.51.100.7"),
        ("127.0.0.1", "not an address", "127.0.0.1"),
        ("", "", ""),
        ("2001:db8:1:2:3:4:5:6", "", "2001:0db8:0001:0002"),
        ("2001:db8:1:2:ffff::1", "", "2001:0db8:0001:0002"),
        ("::ffff:203.0.113.9", "", "203.0.113.9"),
    ],
)
def test_a_network_is_an_address_or_a_home_and_a_proxy_is_believed_from_this_machine_alone(
    address: str, forwarded: str, network: str
) -> None:
    assert network_of(address, forwarded) == network
