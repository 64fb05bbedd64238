"""What must hold, beside the state, for a person to act (R-STM-1)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What guards ask of an order."""

    at: datetime
    payment_due_at: datetime
    label_printed: bool
    lines_to_review: int
    codes_revealed: int
    units_to_cancel: int = 0
    units_to_claim: int = 0


class Guard(StrEnum):
    """A condition of a table's row."""

    BEFORE_PAYMENT_DEADLINE = "before_payment_deadline"
    BEFORE_FIRST_LABEL = "before_first_label"
    LINES_TO_REVIEW = "lines_to_review"
    NO_CODE_REVEALED = "no_code_revealed"
    UNITS_TO_CANCEL = "units_to_cancel"
    UNITS_TO_CLAIM = "units_to_claim"

    @property
    def reason(self) -> str:
        """What is told to whom it refuses."""
        return _REASONS[self]

    def why_not(self, facts: Facts) -> str:
        """Why it does not hold; nothing if it does."""
        holds = {
            Guard.BEFORE_PAYMENT_DEADLINE: facts.at < facts.payment_due_at,
            Guard.BEFORE_FIRST_LABEL: not facts.label_printed,
            Guard.LINES_TO_REVIEW: facts.lines_to_review > 0,
            Guard.NO_CODE_REVEALED: facts.codes_revealed == 0,
            Guard.UNITS_TO_CANCEL: facts.units_to_cancel > 0,
            Guard.UNITS_TO_CLAIM: facts.units_to_claim > 0,
        }
        return "" if holds[self] else self.reason


_REASONS = {
    Guard.BEFORE_PAYMENT_DEADLINE: "the time to pay is over",
    Guard.BEFORE_FIRST_LABEL: "a parcel's label is printed",
    Guard.LINES_TO_REVIEW: "every line is reviewed",
    Guard.NO_CODE_REVEALED: "a code was revealed",
    Guard.UNITS_TO_CANCEL: "nothing is left that could be stopped",
    Guard.UNITS_TO_CLAIM: "nothing is left to claim, or the time for it is over",
}
