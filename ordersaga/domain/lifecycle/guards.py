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


class Guard(StrEnum):
    """A condition of a table's row."""

    BEFORE_PAYMENT_DEADLINE = "before_payment_deadline"
    BEFORE_FIRST_LABEL = "before_first_label"
    LINES_TO_REVIEW = "lines_to_review"
    NO_CODE_REVEALED = "no_code_revealed"

    def why_not(self, facts: Facts) -> str:
        """Why it does not hold; nothing if it does."""
        held, reason = {
            Guard.BEFORE_PAYMENT_DEADLINE: (facts.at < facts.payment_due_at, "the time to pay is over"),
            Guard.BEFORE_FIRST_LABEL: (not facts.label_printed, "a parcel's label is printed"),
            Guard.LINES_TO_REVIEW: (facts.lines_to_review > 0, "every line is reviewed"),
            Guard.NO_CODE_REVEALED: (facts.codes_revealed == 0, "a code was revealed"),
        }[self]
        return "" if held else reason
