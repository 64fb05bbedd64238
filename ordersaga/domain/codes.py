"""Codes that are sold: as the database keeps them, and as an order asks for them (R-TYPE-4)."""

from dataclasses import dataclass
from enum import StrEnum


class CodeState(StrEnum):
    """Where a code of the pool is: free, promised to an order, or delivered to it."""

    AVAILABLE = "available"
    HELD = "held"
    SOLD = "sold"


class HoldState(StrEnum):
    """What has become of the digital goods of an order. `RETURNING`: nothing is revealed any more, nor given back yet.

    `RELEASED` is final, and what a release before its hold leaves behind.
    """

    HELD = "held"
    DELIVERED = "delivered"
    RETURNING = "returning"
    RELEASED = "released"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedCode:
    """A code that can be told from others, and not read. `digests` are those by every key that is kept."""

    digest: str
    digests: tuple[str, ...]
    sealed: str


@dataclass(frozen=True, slots=True)
class CodeDemand:
    """Units of a SKU that one line of an order wants."""

    line_no: int
    sku: str
    quantity: int
