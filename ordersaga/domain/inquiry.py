"""How often a provider is asked about what it does not report by itself (P2, W1)."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Pauses that double from `first_seconds` up to `longest_seconds`, for `give_up_seconds` in all."""

    first_seconds: float
    longest_seconds: float
    give_up_seconds: float

    def __post_init__(self) -> None:
        if not 0 < self.first_seconds <= self.longest_seconds <= self.give_up_seconds:
            raise ValueError("the first pause is at most the longest, and that at most the time until giving up")

    def pause_after(self, inquiries: int) -> timedelta:
        """The pause after so many questions."""
        doubled = self.first_seconds * 2.0 ** min(inquiries, 40)
        return timedelta(seconds=min(doubled, self.longest_seconds))


PACES = {
    "demo": Pace(first_seconds=6, longest_seconds=60, give_up_seconds=600),
    "production": Pace(first_seconds=120, longest_seconds=6 * 3600, give_up_seconds=7 * 86_400),
}
"""By profile."""
