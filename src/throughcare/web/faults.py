"""What is said when something is refused: a number, the field, the rule and the mend. Plain values, no framework."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One numbered refusal in plain words.

    number: stable, so that users, trainers and support share a language ("HO-104").
    field:  the name of the form field or command-line option it is about, or "" for the act as a whole.
    rule:   what must hold, as a sentence.
    mend:   what would make it possible, or whom to ask.
    """

    number: str
    field: str
    rule: str
    mend: str

    def __str__(self) -> str:
        return f"{self.number} {self.rule} {self.mend}".rstrip()


class Refused(Exception):
    """An act that was refused. Nothing of it is stored; the refusal itself is, after the rollback.

    person, case: ids the refusal was about, for the record of refusals; never shown.
    kept: whether that record has been written.
    """

    status = 409

    def __init__(self, *faults: Fault, person: int | None = None, case: int | None = None) -> None:
        super().__init__("; ".join(str(fault) for fault in faults))
        self.faults = faults
        self.person = person
        self.case = case
        self.kept = False


class NotAllowed(Refused):
    """The reader may not see or do this, and learns nothing about whether it exists."""

    status = 403
