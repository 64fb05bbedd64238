"""What may still be claimed of an order, unit by unit (R-REV-3 … R-REV-6, M8)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ordersaga.domain.after_sales.case import Kind
from ordersaga.domain.errors import UnitsNotClaimable
from ordersaga.domain.lifecycle.parcel import ParcelState, is_shipped
from ordersaga.domain.pricing.quote import PricedLine


class UnitFate(StrEnum):
    """`CLAIMED`: a case is open on it. The others are for ever."""

    CLAIMED = "claimed"
    REFUNDED = "refunded"
    EXCHANGED = "exchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    case_no: str
    fate: UnitFate


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One unit of an order's line, the parcel that it is in, and the claim on it."""

    line_no: int
    unit_no: int
    merchant_id: str
    parcel_no: str | None = None
    warehouse_id: str | None = None
    parcel_state: ParcelState | None = None
    claim: Claim | None = None

    def is_open_to(self, kind: Kind) -> bool:
        """Whether such a claim may be made on it: of what has not left, what has left, what has arrived.

        Of what was written off with nothing sent in its place, only the money can be had.
        """
        if self.claim is not None or self.parcel_state is ParcelState.CANCELLED:
            return False
        if self.parcel_state is ParcelState.WRITTEN_OFF:
            return kind is Kind.REFUND
        if kind is Kind.CANCELLATION:
            return self.parcel_state is None or not is_shipped(self.parcel_state)
        if self.parcel_state is None:
            return False
        if kind is Kind.REFUND:
            return is_shipped(self.parcel_state)
        return self.parcel_state is ParcelState.DELIVERED


@dataclass(frozen=True, slots=True)
class Placed:
    """Where units of a line are: a living parcel's number, warehouse and state."""

    parcel_no: str
    warehouse_id: str
    state: ParcelState
    line_no: int
    units: tuple[int, ...]


def units_of(
    lines: Sequence[PricedLine], placed: Iterable[Placed], claims: Mapping[int, Mapping[int, Claim]]
) -> tuple[Unit, ...]:
    """Every unit of an order, line by line."""
    where = {(item.line_no, unit): item for item in placed for unit in item.units}
    return tuple(
        _unit(line, number, where.get((line.line_no, number)), claims.get(line.line_no, {}).get(number))
        for line in lines
        for number in range(1, line.quantity + 1)
    )


def _unit(line: PricedLine, number: int, placed: Placed | None, claim: Claim | None) -> Unit:
    return Unit(
        line_no=line.line_no,
        unit_no=number,
        merchant_id=line.merchant_id,
        parcel_no=placed.parcel_no if placed else None,
        warehouse_id=placed.warehouse_id if placed else None,
        parcel_state=placed.state if placed else None,
        claim=claim,
    )


def choose(units: Sequence[Unit], kind: Kind, wanted: Mapping[int, int]) -> dict[int, tuple[int, ...]]:
    """Line number → the units that a claim on so many of each line takes: always the first ones that are open to it.

    Raises `UnitsNotClaimable` naming each line of which there are not so many.
    """
    found = {line_no: [unit.unit_no for unit in _open(units, kind, line_no)] for line_no in wanted}
    short = [
        {"line_no": line_no, "wanted": quantity, "claimable": len(found[line_no])}
        for line_no, quantity in wanted.items()
        if len(found[line_no]) < quantity
    ]
    if short:
        raise UnitsNotClaimable(f"there are not so many units open to a {kind}", lines=short)
    return {line_no: tuple(found[line_no][:quantity]) for line_no, quantity in wanted.items()}


def count_open_to(units: Iterable[Unit], *kinds: Kind) -> int:
    """How many units are open to one of these kinds of claims."""
    return sum(any(unit.is_open_to(kind) for kind in kinds) for unit in units)


def window_is_open(after_sales_until: datetime | None, at: datetime) -> bool:
    """Whether an order may still be claimed on: until it is received there is no end (R-CMP-1)."""
    return after_sales_until is None or at < after_sales_until


def _open(units: Iterable[Unit], kind: Kind, line_no: int) -> Iterator[Unit]:
    return (unit for unit in units if unit.line_no == line_no and unit.is_open_to(kind))
