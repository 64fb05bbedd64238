"""How webhooks are delivered: what an endpoint's answer means, and how long to wait for the next try (R-ORD-3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

LONGEST_WISH = 86_400.0
"""An endpoint may ask for a pause (`Retry-After`) of at most so many seconds."""


class EndpointState(StrEnum):
    """A paused endpoint's events wait for it; a disabled one's are not kept for it, but can be replayed."""

    ENABLED = "enabled"
    PAUSED = "paused"
    DISABLED = "disabled"
    DELETED = "deleted"


class DeliveryState(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


class Verdict(StrEnum):
    """What is to be done after a try."""

    DELIVERED = "delivered"
    AGAIN = "again"
    DEAD = "dead"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came of a try: a status, or the reason why there is none. `retry_after` is in seconds."""

    status: int | None = None
    error: str | None = None
    retry_after: float | None = None

    @property
    def taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPlan:
    """The pause doubles from `first_seconds` to `longest_seconds`; after `tries` failed tries nothing follows."""

    first_seconds: float
    longest_seconds: float
    tries: int

    def pause(self, tries: int, draw: float) -> float:
        """Seconds after so many failed tries (from 1). `draw`, from 0 to 1, takes up to a half off, against crowds."""
        exponent = min(tries - 1, 62)
        return min(self.first_seconds * (1 << exponent), self.longest_seconds) * (1 - draw / 2)

    def judge(self, reply: Reply, tries: int) -> Verdict:
        """`tries` counts this one."""
        if reply.taken:
            return Verdict.DELIVERED
        if reply.status == 410:
            return Verdict.GONE
        return Verdict.DEAD if tries >= self.tries else Verdict.AGAIN

    def wait(self, reply: Reply, tries: int, draw: float) -> float:
        """Seconds to the next try: our own pause, or the endpoint's wish if that is longer."""
        return max(self.pause(tries, draw), min(reply.retry_after or 0.0, LONGEST_WISH))


RETRY_PLANS: Mapping[str, RetryPlan] = {
    "demo": RetryPlan(first_seconds=0.5, longest_seconds=10, tries=8),
    "production": RetryPlan(first_seconds=5, longest_seconds=6 * 3600, tries=22),
}
"""Per profile. Production tries for about two days."""


def retry_after(value: str | None, now: datetime) -> float | None:
    """The seconds of a `Retry-After` header, which holds seconds or a date; `None` when it says nothing."""
    if not value:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:12]), LONGEST_WISH)
    try:
        return max((parsedate_to_datetime(text) - now).total_seconds(), 0.0)
    except (ValueError, TypeError, OverflowError):
        return None
