"""After-sales cases: what is claimed of an order, why, and where the claim stands (R-REV-3 … R-REV-7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from ordersaga.domain.lifecycle.after_sales import MACHINE, CaseState
from ordersaga.domain.lifecycle.table import Machine


class Kind(StrEnum):
    """`CANCELLATION` is of paid units that have not been shipped; it may turn into a `RETURN`."""

    CANCELLATION = "cancellation"
    REFUND = "refund"
    RETURN = "return"
    EXCHANGE = "exchange"


CLAIMS = (Kind.REFUND, Kind.RETURN, Kind.EXCHANGE)
"""What is claimed of goods that have left."""


class Fault(StrEnum):
    BUYER = "buyer"
    SELLER = "seller"


class Reason(StrEnum):
    """Why, as a stable word. Whose fault that is decides who bears what delivery cost."""

    CHANGED_MIND = "changed_mind"
    NOT_AS_DESCRIBED = "not_as_described"
    DEFECTIVE = "defective"
    WRONG_ITEM = "wrong_item"
    MISSING_ITEM = "missing_item"
    LATE = "late"
    PARCEL_LOST = "parcel_lost"
    PARCEL_REFUSED = "parcel_refused"
    OUT_OF_STOCK = "out_of_stock"
    OTHER = "other"

    @property
    def fault(self) -> Fault:
        return Fault.BUYER if self in _BUYERS_FAULT else Fault.SELLER


_BUYERS_FAULT = frozenset({Reason.CHANGED_MIND, Reason.PARCEL_REFUSED, Reason.OTHER})


class Restock(StrEnum):
    """Onto which stock goods go that came back."""

    SELLABLE = "sellable"
    DEFECTIVE = "defective"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLine:
    """`units` are numbers of a line's units, the first one 1. `accepted` are those that an inspection took: `None`
    before it. An exchange may ask for another SKU of the same price: `replacement_sku`.
    """

    line_no: int
    units: tuple[int, ...]
    accepted: tuple[int, ...] | None = None
    restock: Restock | None = None
    replacement_sku: str | None = None

    @property
    def taken(self) -> tuple[int, ...]:
        """The units that money or a replacement is given for."""
        return self.units if self.accepted is None else self.accepted


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A claim on units of one seller's lines of an order. `due_at` is when the present state's time is over.

    `note` is the number of what its opener wrote. `warehouse_id` is where the goods go back to. `settlement` is what
    was given back and why, once that is decided. `command` names the last one that was taken.
    """

    case_no: str
    order_no: str
    sequence: int
    kind: Kind
    reason: Reason
    fault: Fault
    state: CaseState
    table_version: int
    merchant_id: str
    opened_by_role: str
    opened_by: str
    note: int | None
    lines: tuple[CaseLine, ...]
    opened_at: datetime
    updated_at: datetime
    due_at: datetime | None = None
    warehouse_id: str | None = None
    return_shipment: Mapping[str, Any] | None = None
    settlement: Mapping[str, Any] | None = None
    replacement_order_no: str | None = None
    command: str | None = None

    @property
    def machine(self) -> Machine:
        return MACHINE

    @property
    def is_open(self) -> bool:
        return self.state not in self.machine.final

    @property
    def goods_left_buyer(self) -> bool:
        """Whether what was claimed is on its way to a warehouse, or there: it need not be sent back any more."""
        return self.return_shipment is not None or any(line.accepted for line in self.lines)

    @property
    def quantity(self) -> int:
        return sum(len(line.units) for line in self.lines)


def case_no_of(order_no: str, sequence: int) -> str:
    return f"{order_no}-A{sequence}"


def order_no_of(case_no: str) -> str:
    return case_no.rpartition("-A")[0]
