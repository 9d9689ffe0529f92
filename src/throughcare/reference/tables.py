"""Reading the shipped tables. A wrong row stops the reading and says where it is and what the rule is."""

import csv
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

DATA = Path(__file__).parent / "data"

MARKS = ("yes", "partial", "unverified", "design")
"""How far a row was checked against its source; the README of the data says what each word means."""


class WrongReference(Exception):
    """A shipped table holds something that breaks one of its rules.

    file:   path inside the data folder ("sharing/matrix.csv").
    line:   line of the file, the header being 1; 0 when the fault is not on one line.
    column: name of the column, or "" when the fault is the whole row's.
    rule:   what must hold, as a sentence without its full stop.
    """

    def __init__(self, file: str, line: int, column: str, rule: str) -> None:
        place = ", ".join(part for part in (file, f"line {line}" if line else "", column) if part)
        super().__init__(f"{place}: {rule}")
        self.file, self.line, self.column, self.rule = file, line, column, rule


@dataclass(frozen=True)
class Row:
    """One row of a table with its place, so that every refusal can name it. Cells are read by column name."""

    file: str
    line: int
    cells: Mapping[str, str]

    def wrong(self, column: str, rule: str) -> WrongReference:
        return WrongReference(self.file, self.line, column, rule)

    def text(self, column: str) -> str:
        """The cell as it stands; may be empty."""
        return self.cells[column]

    def filled(self, column: str) -> str:
        """The cell, which may not be empty."""
        if not self.cells[column]:
            raise self.wrong(column, "may not be empty")
        return self.cells[column]

    def one_of(self, column: str, allowed: Collection[str]) -> str:
        """The cell, which must be a known code."""
        if self.cells[column] not in allowed:
            raise self.wrong(column, f"{self.cells[column]!r} is not a known code")
        return self.cells[column]

    def words(self, column: str) -> tuple[str, ...]:
        """The parts of a cell that lists several things, split at the semicolon."""
        return tuple(part.strip() for part in self.cells[column].split(";") if part.strip())

    def codes(self, column: str, allowed: Collection[str]) -> tuple[str, ...]:
        """The parts of the cell, each a known code."""
        for word in self.words(column):
            if word not in allowed:
                raise self.wrong(column, f"{word!r} is not a known code")
        return self.words(column)

    def yes(self, column: str) -> bool:
        return self.one_of(column, ("yes", "no")) == "yes"

    def number(self, column: str) -> int:
        """The cell as a whole number, zero or more."""
        if not (self.cells[column].isascii() and self.cells[column].isdigit()):
            raise self.wrong(column, f"{self.cells[column]!r} is not a whole number")
        return int(self.cells[column])

    def day(self, column: str) -> date | None:
        """The cell as a date (YYYY-MM-DD); None when it is empty."""
        text = self.cells[column]
        if not text:
            return None
        try:
            day = date.fromisoformat(text)
        except ValueError:
            day = None
        # Python also reads 20261122 and week dates; the tables hold one form.
        if day is None or day.isoformat() != text:
            raise self.wrong(column, f"{text!r} is not a date written YYYY-MM-DD")
        return day

    def period(self) -> tuple[date | None, date | None]:
        """First and last day in force. An empty end has no bound."""
        since, until = self.day("in_force_from"), self.day("in_force_to")
        if since and until and until < since:
            raise self.wrong("in_force_to", "is before in_force_from")
        return since, until


def read(folder: Path, file: str, columns: str, key: str = "") -> list[Row]:
    """The rows of `folder/file`, whose header must be exactly `columns` (names split by spaces).

    `key` names the columns that together may not repeat. Raises WrongReference at the first wrong row.
    """
    names, keys = columns.split(), key.split()
    rows: list[Row] = []
    seen: set[tuple[str, ...]] = set()
    try:
        with (folder / file).open(newline="", encoding="utf-8") as handle:
            reader = csv.reader(handle, strict=True)
            if next(reader, []) != names:
                raise WrongReference(file, 1, "", f"the columns must be {', '.join(names)}")
            for cells in reader:
                row = Row(file, reader.line_num, dict(zip(names, cells, strict=False)))
                if len(cells) != len(names):
                    raise row.wrong("", f"{len(cells)} cells where {len(names)} are needed")
                for name, cell in row.cells.items():
                    if cell != cell.strip():
                        raise row.wrong(name, "starts or ends with a space")
                values = tuple(row.filled(name) for name in keys)
                if keys and values in seen:
                    raise row.wrong(" and ".join(keys), f"{' and '.join(values)} is there twice")
                seen.add(values)
                rows.append(row)
    except FileNotFoundError:
        raise WrongReference(file, 0, "", "the file is missing") from None
    except UnicodeDecodeError:
        raise WrongReference(file, 0, "", "the file must be text in UTF-8") from None
    except csv.Error as error:
        raise WrongReference(file, reader.line_num, "", f"not a row of comma-separated cells: {error}") from None
    return rows


def covers(since: date | None, until: date | None, on: date) -> bool:
    """Is `on` within the period, both ends counted?"""
    return (since is None or since <= on) and (until is None or on <= until)
