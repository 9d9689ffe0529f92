"""The shipped tables say what they should, and a wrong row is refused by place and rule."""

import csv
import shutil
from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass
from datetime import date
from pathlib import Path

import pytest

from throughcare.reference import areas as areas_module
from throughcare.reference import calendar, pathways, roles, sharing
from throughcare.reference.check import faults
from throughcare.reference.sharing import Access
from throughcare.reference.tables import DATA, WrongReference, covers

TODAY = date(2026, 11, 24)


# Areas


def test_there_are_153_areas_in_nine_regions_and_39_police_force_areas() -> None:
    areas = areas_module.areas()
    assert len(areas) == 153
    assert len({area.region_code for area in areas.values()}) == 9
    assert len({area.police_force_code for area in areas.values()}) == 39


def test_an_area_is_found_by_its_code() -> None:
    manchester = areas_module.area("E08000003")
    assert (manchester.name, manchester.region_name) == ("Manchester", "North West")
    assert manchester.police_force_name == "Greater Manchester"
    with pytest.raises(KeyError):
        areas_module.area("E99999999")


@pytest.mark.parametrize(
    ("code", "current"),
    [
        ("E08000003", ("E08000003",)),
        ("E10000027", ("E06000066",)),
        ("E10000006", ("E06000063", "E06000064")),
        ("E08000039", ("E08000019",)),
        ("E99999999", ()),
    ],
    ids=["in use", "Somerset, renamed", "Cumbria, split", "Sheffield from 2025", "not known"],
)
def test_an_old_or_a_new_code_leads_to_the_area(code: str, current: tuple[str, ...]) -> None:
    assert areas_module.current_codes(code) == current


def test_a_district_lies_in_its_county() -> None:
    districts = areas_module.districts()
    assert len(districts) == 296
    assert areas_module.area(districts["E07000008"]).name == "Cambridgeshire"


# Roles and sharing


def test_there_are_33_roles_and_a_commissioner_has_no_records() -> None:
    assert len(roles.roles()) == 33
    assert roles.roles()["keyworker"].may_have_records
    assert not roles.roles()["commissioner"].may_have_records


def test_every_category_has_a_rule_for_every_role() -> None:
    assert len(sharing.categories()) == 36
    assert len(sharing.matrix()) == 36 * 33
    for role in roles.roles():
        rules = sharing.rules_for(role, TODAY)
        assert list(rules) == list(sharing.categories())
        assert all(rule.since == date(2026, 11, 22) for rule in rules.values())


def test_a_pharmacist_sees_the_overdose_safety_summary_under_an_open_grant() -> None:
    rule = sharing.rule("overdose_safety_summary", "pharmacist", TODAY)
    assert (rule.access, rule.conditions) == (Access.SEE, ("grant_open",))


def test_a_hospital_has_the_named_fields_of_the_medicines_and_no_others() -> None:
    rule = sharing.rule("prescribing_medicines", "hospital", TODAY)
    assert rule.access is Access.SUMMARY
    assert set(rule.summary_fields) < set(sharing.categories()["prescribing_medicines"].fields)


@pytest.mark.parametrize(
    ("category", "role", "on"),
    [
        ("identity_core", "keyworker", date(2026, 11, 21)),
        ("identity_core", "astrologer", TODAY),
        ("shoe_size", "keyworker", TODAY),
    ],
    ids=["before the first row", "unknown role", "unknown category"],
)
def test_whatever_has_no_row_in_force_is_no(category: str, role: str, on: date) -> None:
    rule = sharing.rule(category, role, on)
    assert (rule.access, rule.conditions, rule.summary_fields) == (Access.NO, ("never",), ())


def test_an_unknown_role_has_nothing_of_any_category() -> None:
    rules = sharing.rules_for("astrologer", TODAY)
    assert len(rules) == 36
    assert {rule.access for rule in rules.values()} == {Access.NO}


def test_the_rules_of_a_role_are_worked_out_once_a_day() -> None:
    assert sharing.rules_for("clinician", TODAY) is sharing.rules_for("clinician", TODAY)


def test_a_changed_rule_counts_from_its_first_day(data: Path) -> None:
    matrix = data / "sharing/matrix.csv"
    old = next(line for line in matrix.read_text().splitlines() if line.startswith("identity_core,front_desk,"))
    closed = old.replace("2026-11-22,,", "2026-11-22,2026-12-31,")
    new = "identity_core,front_desk,no,never,,,product rule,product rule,design,2027-01-01,,"
    matrix.write_text(matrix.read_text().replace(old, f"{closed}\n{new}"))
    assert sharing.rule("identity_core", "front_desk", date(2026, 12, 31), data).access is Access.SEE
    assert sharing.rule("identity_core", "front_desk", date(2027, 1, 1), data).access is Access.NO
    assert faults(data) == []


def test_rules_cannot_be_changed_while_running() -> None:
    with pytest.raises(FrozenInstanceError):
        sharing.rule("identity_core", "front_desk", TODAY).access = Access.SEE  # type: ignore[misc]
    with pytest.raises(TypeError):
        sharing.rules_for("front_desk", TODAY)["identity_core"] = sharing.rule("x", "y", TODAY)  # type: ignore[index]


# Pathways


def test_there_are_twelve_processes_with_every_row_in_one_of_them() -> None:
    processes = pathways.processes()
    assert len(processes) == 12
    assert sum(len(pathways.step_rows(process)) for process in processes) == 617
    assert sum(len(pathways.state_rows(process)) for process in processes) == 313
    assert sum(len(pathways.universal_rows(process)) for process in processes) == 180
    assert sum(len(pathways.clocks(process)) for process in processes) == 48
    assert sum(len(pathways.limits(process)) for process in processes) == 67
    assert len(pathways.decline_reasons()) == 12


def test_a_hand_over_must_be_opened_in_four_working_hours() -> None:
    clock = pathways.clocks("hand_over")["HOV-C02"]
    assert (clock.value, clock.unit, clock.counting_rule) == (4, "working_hours", "working_hours")
    assert clock.owner_role == "receiver"


def test_a_clock_whose_date_is_on_the_order_has_no_number() -> None:
    assert pathways.clocks("special_court")["ISC-C01"].value is None


def test_every_clock_can_be_counted() -> None:
    start = calendar.datetime(2026, 11, 24, 10, tzinfo=calendar.UTC)
    for process in pathways.processes():
        for clock in pathways.clocks(process).values():
            assert calendar.due_at(clock.counting_rule, clock.value, clock.unit, start).verified


def test_a_step_lists_what_it_needs_and_what_it_starts() -> None:
    step = next(step for step in pathways.step_rows("arrest_test") if step.id == "DTOA-001")
    assert step.needs == ("custody_reference", "detention_start_time", "offence", "date_of_birth")
    assert (step.roles, step.starts, step.stops, step.guard) == (("system",), ("DTOA-C02",), (), ())


def test_a_process_that_is_not_known_is_an_error_and_not_an_empty_table() -> None:
    with pytest.raises(KeyError):
        pathways.step_rows("tea_break")


@dataclass(frozen=True)
class Dated:
    since: date | None
    until: date | None
    status: str = ""


@pytest.mark.parametrize(
    ("row", "is_so"),
    [
        (Dated(None, None), True),
        (Dated(TODAY, TODAY), True),
        (Dated(date(2026, 11, 25), None), False),
        (Dated(None, date(2026, 11, 23)), False),
        (Dated(None, None, "prospective"), False),
    ],
    ids=["no bounds", "one day alone", "from tomorrow", "until yesterday", "prospective"],
)
def test_a_row_is_in_force_between_its_dates_and_never_while_prospective(row: Dated, is_so: bool) -> None:
    assert pathways.is_in_force(row, TODAY) is is_so
    assert pathways.in_force([row], TODAY) == ((row,) if is_so else ())


def test_a_period_counts_both_its_ends() -> None:
    assert covers(TODAY, TODAY, TODAY)
    assert not covers(TODAY, TODAY, date(2026, 11, 25))


# Wrong rows


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A copy of the shipped tables that a test may spoil."""
    return Path(shutil.copytree(DATA, tmp_path / "data"))


def spoil(data: Path, file: str, line: int, **cells: str) -> None:
    """Write other values into some cells of one line (the header being line 1)."""
    with (data / file).open(newline="", encoding="utf-8") as handle:
        rows = list(csv.reader(handle))
    for column, cell in cells.items():
        rows[line - 1][rows[0].index(column)] = cell
    with (data / file).open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle).writerows(rows)


def all_of(reader: Callable[[str, Path], object]) -> Callable[[Path], object]:
    return lambda folder: [reader(process, folder) for process in pathways.processes(folder)]


LOADERS: dict[str, Callable[[Path], object]] = {
    "england/geography.csv": areas_module.areas,
    "england/geography_lookup.csv": areas_module.districts,
    "england/geography_changes.csv": lambda folder: areas_module.current_codes("E10000006", folder),
    "sharing/roles.csv": roles.roles,
    "sharing/categories.csv": sharing.categories,
    "sharing/conditions.csv": sharing.conditions,
    "sharing/matrix.csv": sharing.matrix,
    "pathways/states.csv": all_of(pathways.state_rows),
    "pathways/steps.csv": all_of(pathways.step_rows),
    "pathways/universal.csv": all_of(pathways.universal_rows),
    "pathways/clocks.csv": all_of(pathways.clocks),
    "pathways/limits.csv": all_of(pathways.limits),
    "pathways/decline_reasons.csv": pathways.decline_reasons,
    "pathways/bank_holidays.csv": calendar.bank_holidays,
}


def refusal(data: Path, file: str) -> WrongReference:
    with pytest.raises(WrongReference) as caught:
        LOADERS[file](data)
    assert caught.value.file == file
    return caught.value


def test_every_shipped_table_has_a_loader_and_is_described() -> None:
    shipped = {path.relative_to(DATA).as_posix() for path in DATA.rglob("*.csv")}
    assert shipped == set(LOADERS)
    described = (DATA / "README.md").read_text(encoding="utf-8")
    for file in shipped:
        with (DATA / file).open(newline="", encoding="utf-8") as handle:
            rows = sum(1 for _ in csv.reader(handle)) - 1
        line = next(line for line in described.splitlines() if line.startswith(f"| `{file}`"))
        assert f"| {rows} |" in line


@pytest.mark.parametrize("file", LOADERS)
def test_a_row_with_a_cell_too_many_is_refused(file: str, data: Path) -> None:
    path = data / file
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[2] += ",one more"
    path.write_text("\n".join(lines), encoding="utf-8")
    wrong = refusal(data, file)
    assert wrong.line == 3
    assert "cells where" in wrong.rule


@pytest.mark.parametrize("file", LOADERS)
def test_a_row_that_is_there_twice_is_refused(file: str, data: Path) -> None:
    path = data / file
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines, lines[-1]]), encoding="utf-8")
    wrong = refusal(data, file)
    assert wrong.line == len(lines) + 1
    assert "is there twice" in wrong.rule


@pytest.mark.parametrize("file", LOADERS)
def test_a_table_with_another_header_is_refused(file: str, data: Path) -> None:
    path = data / file
    path.write_text("x" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert refusal(data, file).line == 1


@pytest.mark.parametrize("file", LOADERS)
def test_an_empty_or_missing_table_is_refused(file: str, data: Path) -> None:
    (data / file).write_text("")
    assert refusal(data, file).line == 1
    (data / file).unlink()
    assert refusal(data, file).rule == "the file is missing"


@pytest.mark.parametrize(
    ("file", "column", "cell"),
    [
        ("england/geography.csv", "name", ""),
        ("england/geography.csv", "name", " Hartlepool"),
        ("england/geography.csv", "area_type", "kingdom"),
        ("england/geography_lookup.csv", "utla23_code", "E99999999"),
        ("england/geography_changes.csv", "code", "E06000063|E99999999"),
        ("sharing/roles.csv", "may_have_records", "perhaps"),
        ("sharing/roles.csv", "plain_description", ""),
        ("sharing/categories.csv", "clinical", ""),
        ("sharing/conditions.csv", "true_when", ""),
        ("sharing/matrix.csv", "category", "shoe_size"),
        ("sharing/matrix.csv", "role", "astrologer"),
        ("sharing/matrix.csv", "access", "glimpse"),
        ("sharing/matrix.csv", "condition_code_1", "full_moon"),
        ("sharing/matrix.csv", "condition_code_1", ""),
        ("sharing/matrix.csv", "condition_code_1", "never"),
        ("sharing/matrix.csv", "condition_code_1", "statement_issued"),
        ("sharing/matrix.csv", "summary_fields", "result"),
        ("sharing/matrix.csv", "summary_fields", "shoe_size"),
        ("sharing/matrix.csv", "verified", "probably"),
        ("sharing/matrix.csv", "lawful_basis", ""),
        ("sharing/matrix.csv", "in_force_from", "22/11/2026"),
        ("sharing/matrix.csv", "in_force_from", "20261122"),
        ("sharing/matrix.csv", "in_force_to", "2026-02-30"),
        ("sharing/matrix.csv", "in_force_to", "2026-11-21"),
        ("pathways/states.csv", "kind", "stuck"),
        ("pathways/steps.csv", "process", "tea_break"),
        ("pathways/steps.csv", "from_state", "nowhere"),
        ("pathways/steps.csv", "to_state", "nowhere"),
        ("pathways/steps.csv", "roles", "system; astrologer"),
        ("pathways/steps.csv", "roles", ""),
        ("pathways/steps.csv", "starts_clock", "REL-C01"),
        ("pathways/steps.csv", "stops_clock", "DTOA-C99"),
        ("pathways/steps.csv", "rule", "DTOA-L99"),
        ("pathways/steps.csv", "kind", "imagined"),
        ("pathways/steps.csv", "status", "soon"),
        ("pathways/universal.csv", "process", "tea_break"),
        ("pathways/universal.csv", "effect", "explode"),
        ("pathways/universal.csv", "roles", "astrologer"),
        ("pathways/clocks.csv", "value", "six"),
        ("pathways/clocks.csv", "value", "-6"),
        ("pathways/clocks.csv", "unit", "days"),
        ("pathways/clocks.csv", "counting_rule", "by_moonlight"),
        ("pathways/clocks.csv", "owner_role", "astrologer"),
        ("pathways/clocks.csv", "on_miss", ""),
        ("pathways/clocks.csv", "referenced_by", "tea_break"),
        ("pathways/limits.csv", "process", "tea_break"),
        ("pathways/limits.csv", "effect", "shout"),
        ("pathways/limits.csv", "in_force_from", "2005-12"),
        ("pathways/decline_reasons.csv", "consequence", "sulk"),
        ("pathways/decline_reasons.csv", "words", ""),
        ("pathways/bank_holidays.csv", "date", "2015-01-03"),
        ("pathways/bank_holidays.csv", "substitute_for", "Saturday"),
    ],
)
def test_a_wrong_cell_is_refused_by_file_line_and_column(file: str, column: str, cell: str, data: Path) -> None:
    spoil(data, file, 2, **{column: cell})
    wrong = refusal(data, file)
    assert (wrong.line, wrong.column) == (2, column)
    assert str(wrong) == f"{file}, line 2, {column}: {wrong.rule}"
    assert str(wrong) in faults(data)


def test_two_rows_in_force_on_one_day_are_refused(data: Path) -> None:
    with (data / "sharing/matrix.csv").open("a", encoding="utf-8") as handle:
        handle.write("custody_drug_test,person,no,never,,,product rule,product rule,design,2027-01-01,,\n")
    assert refusal(data, "sharing/matrix.csv").column == "in_force_from"


def test_a_stray_quotation_mark_or_another_encoding_is_refused(data: Path) -> None:
    path = data / "sharing/conditions.csv"
    good = path.read_bytes()
    path.write_bytes(good + b'torn,"half a cell')
    assert "comma-separated" in refusal(data, "sharing/conditions.csv").rule
    path.write_bytes(good + b"caf\xe9,,,,\n")
    assert "UTF-8" in refusal(data, "sharing/conditions.csv").rule


# Tables that disagree with each other


def test_the_shipped_tables_agree_with_each_other() -> None:
    assert faults() == []


def drop(data: Path, file: str, start: str) -> None:
    """Take out every line that begins so."""
    path = data / file
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(start)]
    assert len(kept) < len(lines)
    path.write_text("".join(kept), encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "start", "fault"),
    [
        ("england/geography.csv", "E08000003,", "'E08000003' is not a known code"),
        ("england/geography_lookup.csv", "E08000003,", "no district lies in E08000003"),
        ("sharing/matrix.csv", "identity_core,front_desk,", "identity_core × front_desk: needs a row in force"),
        ("pathways/universal.csv", "died,report_died,hand_over,", "died has no row for hand_over"),
        ("pathways/bank_holidays.csv", "2020-05-", "fewer than 8 days in 2020"),
    ],
)
def test_a_missing_row_is_found(file: str, start: str, fault: str, data: Path) -> None:
    drop(data, file, start)
    assert any(fault in found for found in faults(data)), faults(data)


def line_of(data: Path, file: str, start: str) -> int:
    lines = (data / file).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.startswith(start))


@pytest.mark.parametrize(
    ("file", "start", "cells", "fault"),
    [
        (
            "sharing/matrix.csv",
            "keywork_notes,court,",
            {"access": "see", "condition_code_1": "grant_open", "condition_code_2": "", "summary_fields": ""},
            "never read a clinical category",
        ),
        (
            "sharing/matrix.csv",
            "identity_core,commissioner,",
            {"access": "see", "condition_code_1": "grant_open"},
            "never has anything of a person's record",
        ),
        ("england/geography.csv", "E08000019,", {"code_from_2025": "E08000003"}, "does not lead back to E08000019"),
        ("pathways/clocks.csv", "HOV-C02,", {"stops_on": "make_tea"}, "HOV-C02: starts_on or stops_on differs"),
        ("pathways/limits.csv", "HOV-L01,", {"applies_to": "make_tea"}, "HOV-L01: applies_to differs"),
        ("pathways/limits.csv", "DTOA-L02,", {"effect": "refuse_performed"}, "DTOA-L02: would refuse"),
        ("pathways/universal.csv", "died,report_died,hand_over,", {"strands": "knitting"}, "a strand without steps"),
        (
            "pathways/universal.csv",
            "died,report_died,hand_over,",
            {"effect": "goto", "to_state": "nowhere"},
            "goes to 'nowhere'",
        ),
        ("pathways/states.csv", "hand_over,main,declined,", {"kind": "final"}, "hand_over declined"),
        ("pathways/states.csv", "hand_over,main,sent,", {"kind": "start"}, "hand_over sent"),
    ],
)
def test_tables_that_disagree_are_found(file: str, start: str, cells: dict[str, str], fault: str, data: Path) -> None:
    spoil(data, file, line_of(data, file, start), **cells)
    assert any(fault in found for found in faults(data)), faults(data)


def test_a_decline_after_which_the_sender_can_do_nothing_is_found(data: Path) -> None:
    steps = data / "pathways/steps.csv"
    steps.write_text(
        steps.read_text(encoding="utf-8").replace(",declined,withdraw,", ",declined,forget,"), encoding="utf-8"
    )
    assert "pathways/decline_reasons.csv: open_with_us: no step withdraw after a decline" in faults(data)
