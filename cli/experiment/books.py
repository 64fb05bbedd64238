"""What the shop's books say when all is over: plain records, read once, judged by `promises`. Money is minor units."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from cli.experiment.purses import Purses
from ordersaga.domain.lifecycle.registry import order_type
from ordersaga.domain.lifecycle.table import Machine

Findings = Iterator[tuple[str, str]]
"""What a look at the books finds: which order (or payment, SKU, coupon …), and what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """`units` are those that were not stopped before they left."""

    order_no: str
    buyer: str
    order_type: str
    table_version: int
    state: str
    payable: int
    units: int

    @property
    def machine(self) -> Machine:
        return order_type(self.order_type).version(self.table_version)

    @property
    def ended(self) -> bool:
        return self.state in self.machine.final


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    """One row of an order's audit, as written; `parcel_no` or `case_no` is set for a parcel's or a case's."""

    order_no: str
    parcel_no: str | None
    action: str
    from_state: str | None
    to_state: str
    actor_role: str
    case_no: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRow:
    """`received` is what the provider told us that it took; `None` where it took nothing."""

    payment_id: str
    order_no: str
    state: str
    received: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRow:
    """The provider's own books."""

    payment_id: str
    order_no: str
    paid: int
    refunded: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRow:
    """`case_no` is set for what an after-sales case gave back."""

    payment_id: str
    order_no: str
    amount: int
    state: str
    case_no: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MovementRow:
    """One row of the stock ledger; `order_no` is the order that its document belongs to, `None` for an adjustment."""

    sku: str
    warehouse_id: str
    kind: str
    order_no: str | None
    on_hand: int
    reserved: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceRow:
    sku: str
    warehouse_id: str
    on_hand: int
    reserved: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelUnits:
    """So many units of a SKU in a parcel."""

    parcel_no: str
    order_no: str
    warehouse_id: str
    state: str
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """`unfinished` is, by what it is, whatever still waits to be done: reports, callbacks, events, runs. `meddled` is
    what the audit found: order number (or none) and what is wrong. `differing` is what comparing the books found."""

    orders: tuple[OrderRow, ...] = ()
    steps: tuple[StepRow, ...] = ()
    payments: tuple[PaymentRow, ...] = ()
    provider: tuple[ProviderRow, ...] = ()
    refunds: tuple[RefundRow, ...] = ()
    movements: tuple[MovementRow, ...] = ()
    balances: tuple[BalanceRow, ...] = ()
    parcels: tuple[ParcelUnits, ...] = ()
    purses: Purses = field(default_factory=Purses)
    meddled: tuple[tuple[str, str], ...] = ()
    differing: tuple[tuple[str, str], ...] = ()
    unfinished: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
