"""Names, numbers and ages: pure rules, tried on whatever hypothesis can think of."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughcare.people.rules import age_on, folded_number, key, nhs_number_is_valid, prison_number_is_valid

days = st.dates(date(1900, 1, 1), date(2100, 12, 31))
nine = st.text("0123456789", min_size=9, max_size=9)


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("Adeyemi", "adeyemi"),
        ("O'Brien", "obrien"),
        ("O’Brien", "obrien"),
        ("OʼBrien", "obrien"),
        ("Horváth", "horvath"),
        ("HORVÁTH", "horvath"),
        ("Horva\u0301th", "horvath"),
        ("Zieliński", "zielinski"),
        ("Łukasz", "lukasz"),
        ("Søren", "soren"),
        ("Đặng", "dang"),
        ("Æthelred", "aethelred"),
        ("Groß", "gross"),
        ("İbrahim", "ibrahim"),
        ("Campbell-Reid", "campbellreid"),
        ("van der Berg", "vanderberg"),
        ("  Mary  Ann ", "maryann"),
        ("Олена", "олена"),
        ("李", "李"),
        ("'-. ", ""),
        ("", ""),
    ],
)
def test_a_name_is_folded_to_what_an_english_keyboard_types(name: str, folded: str) -> None:
    assert key(name) == folded


@given(st.text())
def test_folding_a_folded_name_changes_nothing(name: str) -> None:
    assert key(key(name)) == key(name)


@given(st.text())
def test_a_folded_name_is_letters_and_digits_and_fits_its_column(name: str) -> None:
    assert len(key(name)) <= 80
    assert all(letter.isalnum() for letter in key(name))


@given(st.text("abcdefghijklmnopqrstuvwxyzáéłø'- ", max_size=70), st.integers(0, 70))
def test_the_beginning_of_a_name_folds_to_the_beginning_of_its_key(name: str, length: int) -> None:
    assert key(name).startswith(key(name[:length]))


@given(st.text(max_size=30))
def test_case_does_not_matter(name: str) -> None:
    assert key(name.casefold()) == key(name)


@given(st.text())
def test_a_folded_number_is_capitals_and_digits_and_stays_so(text: str) -> None:
    folded = folded_number(text)
    assert folded == "".join(letter for letter in folded if letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
    assert folded_number(folded) == folded


@given(st.text("0123456789", min_size=10, max_size=10), st.sampled_from([" ", "-", ".", "\u00a0", "\t"]))
def test_gaps_in_a_number_do_not_matter(number: str, gap: str) -> None:
    assert folded_number(f"{number[:3]}{gap}{number[3:6]}{gap}{number[6:]}") == number


@pytest.mark.parametrize("number", ["9434765919", "4010232137", "4857773456", "9990000018"])
def test_a_number_whose_check_digit_agrees_is_valid(number: str) -> None:
    """The first three are printed as examples by the NHS."""
    assert nhs_number_is_valid(number) == (
        sum(int(d) * w for d, w in zip(number, range(10, 0, -1), strict=True)) % 11 == 0
    )


@given(nine, st.sampled_from("0123456789"))
def test_a_number_is_valid_exactly_when_its_weighted_sum_is_a_multiple_of_eleven(first: str, check: str) -> None:
    """The rule put the other way round: the check digit counts once, and all ten add up to nothing."""
    number = first + check
    total = sum(int(digit) * weight for digit, weight in zip(number, range(10, 0, -1), strict=True))
    assert nhs_number_is_valid(number) == (total % 11 == 0)


@given(nine)
def test_at_most_one_check_digit_fits(first: str) -> None:
    assert sum(nhs_number_is_valid(first + check) for check in "0123456789") <= 1


@given(nine, st.integers(0, 9), st.sampled_from("0123456789"))
def test_one_digit_typed_wrong_is_always_noticed(first: str, place: int, wrong: str) -> None:
    for check in "0123456789":
        if nhs_number_is_valid(first + check):
            number = first + check
            typed = number[:place] + wrong + number[place + 1 :]
            assert nhs_number_is_valid(typed) == (typed == number)


@given(nine, st.integers(0, 8))
def test_two_neighbours_exchanged_are_always_noticed(first: str, place: int) -> None:
    for check in "0123456789":
        number = first + check
        if nhs_number_is_valid(number):
            typed = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
            assert nhs_number_is_valid(typed) == (typed == number)


@pytest.mark.parametrize(
    "number", ["", "943476591", "94347659190", "943476591X", "943 476 5919", "٩٤٣٤٧٦٥٩١٩", "9434765919\n"]
)
def test_anything_but_ten_digits_is_no_nhs_number(number: str) -> None:
    assert not nhs_number_is_valid(number)


@pytest.mark.parametrize(
    ("number", "valid"),
    [
        ("A1234BC", True),
        ("Z0000ZZ", True),
        ("a1234bc", False),
        ("A123BC", False),
        ("A12345BC", False),
        ("11234BC", False),
        ("A1234B1", False),
        ("A١٢٣٤BC", False),
        ("A1234BC\n", False),
        ("", False),
    ],
)
def test_a_prison_number_is_a_letter_four_digits_and_two_letters(number: str, valid: bool) -> None:
    assert prison_number_is_valid(number) is valid


@pytest.mark.parametrize(
    ("born", "on", "age"),
    [
        (date(1986, 3, 3), date(2026, 3, 2), 39),
        (date(1986, 3, 3), date(2026, 3, 3), 40),
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
        (date(2008, 2, 29), date(2028, 2, 29), 20),
        (date(2026, 1, 1), date(2026, 1, 1), 0),
    ],
)
def test_an_age_is_the_birthdays_there_have_been(born: date, on: date, age: int) -> None:
    assert age_on(born, on) == age


@given(days, days)
def test_an_age_never_falls_and_rises_by_one_a_year(born: date, on: date) -> None:
    assert age_on(born, on + timedelta(days=1)) - age_on(born, on) in (0, 1)
    if (born.month, born.day) != (2, 29):
        assert age_on(born, born.replace(year=on.year)) == on.year - born.year
