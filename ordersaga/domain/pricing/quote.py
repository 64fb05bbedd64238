"""What a cart costs: lines, discounts, shipping, totals (R-SUB-1, R-PRC-3).

Everything is in minor units of one currency. Parts sum to wholes: Σ line shipping = totals.shipping, and
Σ (line payable + line shipping) = totals.payable = goods - discount - points + shipping.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from ordersaga.domain.catalogue import StockPolicy, TransportClass
from ordersaga.domain.money import Money
from ordersaga.domain.pricing.allocation import Allocation, Kind, UnitShare, unit_shares


@dataclass(frozen=True, slots=True, order=True)
class CartItem:
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """What an exchange's line stands for: the order, line and units that were paid for, one for each unit of its own.

    Through several exchanges it is always the ones that money was given for.
    """

    order_no: str
    line_no: int
    units: tuple[int, ...]

    def of(self, units: Iterable[int]) -> "Replaced":
        """The part that units of the exchange's line stand for; the first one is 1."""
        return replace(self, units=tuple(self.units[unit - 1] for unit in units))


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedLine:
    """A line as it will be frozen at submit (R-ORD-1): the goods, their price, and what was allocated to it.

    `payable` is what money pays for the goods: `amount` less discounts less `points`. `shipping` is the fee less its
    discounts. A `gift` is discounted to nothing. `replaces` is of exchanges alone.
    """

    line_no: int
    sku: str
    name: str
    attributes: Mapping[str, str]
    category: str
    merchant_id: str
    quantity: int
    unit_price: int
    amount: int
    allocations: tuple[Allocation, ...]
    points: int
    payable: int
    shipping: int
    gift: bool
    weight_g: int
    volume_mm3: int
    transport_class: TransportClass
    stock_policy: StockPolicy = StockPolicy.DEDUCT_AT_SUBMIT
    replaces: Replaced | None = None

    @property
    def discounts(self) -> tuple[Allocation, ...]:
        return self.allocated(Kind.DISCOUNT)

    @property
    def shipping_discounts(self) -> tuple[Allocation, ...]:
        return self.allocated(Kind.SHIPPING_DISCOUNT)

    def allocated(self, kind: Kind) -> tuple[Allocation, ...]:
        return tuple(item for item in self.allocations if item.kind is kind)

    def units(self) -> list[UnitShare]:
        """What each unit costs; over the units they sum to the line's `payable`, `shipping` and `points`."""
        return unit_shares(self.quantity, self.unit_price, self.allocations)


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """`shipping` is what delivery costs after `shipping_discount` was taken off its fee."""

    goods: int
    discount: int
    points: int
    shipping: int
    shipping_discount: int
    tax: int
    payable: int
    due_now: int

    @classmethod
    def of(cls, lines: Sequence[PricedLine]) -> "Totals":
        goods = sum(line.amount for line in lines)
        points = sum(line.points for line in lines)
        goods_payable = sum(line.payable for line in lines)
        shipping = sum(line.shipping for line in lines)
        return cls(
            goods=goods,
            discount=goods - points - goods_payable,
            points=points,
            shipping=shipping,
            shipping_discount=sum(item.amount for line in lines for item in line.shipping_discounts),
            tax=0,
            payable=goods_payable + shipping,
            due_now=goods_payable + shipping,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What the order must hold before it is placed: a coupon, a share of a budget or quota, or points.

    `amount` is what it takes off, in minor units; `points` only of the source `points`.
    """

    source: str
    code: str
    amount: int
    points: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedOrder:
    """A priced cart. `shipping_options` maps every option that all its merchants offer to its fee before discounts.

    `campaign` is the code of the one that it is sold under, and `sale` its terms with the buyer's choices; `pool` is
    its code too if the goods come from a stock of its own, else empty. `replaces` is an exchange's case.
    """

    order_type: str
    currency: str
    shipping_option: str
    shipping_options: Mapping[str, int]
    lines: tuple[PricedLine, ...]
    totals: Totals
    holds: tuple[Hold, ...] = ()
    campaign: str | None = None
    sale: Mapping[str, Any] | None = None
    pool: str = ""
    replaces: str | None = None

    @property
    def merchant_ids(self) -> tuple[str, ...]:
        return tuple(sorted({line.merchant_id for line in self.lines}))

    @property
    def summary(self) -> str:
        """For operators, in one line."""
        count = len(self.lines)
        return f"{count} {'line' if count == 1 else 'lines'}, {Money(self.totals.payable, self.currency)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Considered:
    """An offer that was considered: applied with its `amount`, or not, and the `reason` as a stable word.

    `missing_amount` and `missing_count` say how much more must be bought to earn it, or its next tier; `excluded_by`
    is the code of the applied offer that it cannot share a line with; `at_most` how many points may be spent.
    """

    source: str
    code: str
    name: str
    applied: bool
    reason: str = ""
    amount: int = 0
    missing_amount: int | None = None
    missing_count: int | None = None
    excluded_by: str | None = None
    at_most: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pricing:
    """A priced cart with its `considered` offers. `exact` is false when the search for the best combination was cut
    short, and the answer is a good one.
    """

    order: PricedOrder
    considered: tuple[Considered, ...] = ()
    exact: bool = True


def merge(items: Sequence[CartItem]) -> dict[str, int]:
    """SKU → quantity, in order of first appearance (P7: duplicates are merged)."""
    quantities: defaultdict[str, int] = defaultdict(int)
    for item in items:
        quantities[item.sku] += item.quantity
    return dict(quantities)


def to_document(priced: PricedOrder) -> dict[str, Any]:
    """`priced` as JSON-ready data; `from_document` reads it back."""
    return {
        "order_type": priced.order_type,
        "currency": priced.currency,
        "shipping_option": priced.shipping_option,
        "shipping_options": dict(priced.shipping_options),
        "lines": [line_to_document(line) for line in priced.lines],
        "totals": {field.name: getattr(priced.totals, field.name) for field in fields(Totals)},
        "holds": [asdict(hold) for hold in priced.holds],
        "campaign": priced.campaign,
        "sale": priced.sale,
        "pool": priced.pool,
        "replaces": priced.replaces,
    }


def line_to_document(line: PricedLine) -> dict[str, Any]:
    """A line as JSON-ready data; `line_from_document` reads it back."""
    document = {field.name: getattr(line, field.name) for field in fields(PricedLine)}
    document["attributes"] = dict(line.attributes)
    document["allocations"] = [_allocation_to_document(item) for item in line.allocations]
    document["transport_class"] = line.transport_class.value
    document["stock_policy"] = line.stock_policy.value
    document["replaces"] = line.replaces and {**asdict(line.replaces), "units": list(line.replaces.units)}
    return document


def line_from_document(document: Mapping[str, Any]) -> PricedLine:
    return PricedLine(
        **{
            **document,
            "allocations": tuple(_allocation_from_document(item) for item in document["allocations"]),
            "transport_class": TransportClass(document["transport_class"]),
            "stock_policy": StockPolicy(document.get("stock_policy", StockPolicy.DEDUCT_AT_SUBMIT)),
            "replaces": _replaced_from_document(document.get("replaces")),
        }
    )


def _replaced_from_document(document: Mapping[str, Any] | None) -> Replaced | None:
    return None if document is None else Replaced(**{**document, "units": tuple(document["units"])})


def _allocation_to_document(item: Allocation) -> dict[str, Any]:
    document = {field.name: getattr(item, field.name) for field in fields(Allocation)}
    document["kind"] = item.kind.value
    document["units"] = [list(run) for run in item.units]
    return document


def _allocation_from_document(document: Mapping[str, Any]) -> Allocation:
    units = tuple((count, amount) for count, amount in document["units"])
    return Allocation(**{**document, "kind": Kind(document["kind"]), "units": units})


def from_document(document: Mapping[str, Any]) -> PricedOrder:
    return PricedOrder(
        **{
            **document,
            "lines": tuple(line_from_document(line) for line in document["lines"]),
            "totals": Totals(**document["totals"]),
            "holds": tuple(Hold(**hold) for hold in document["holds"]),
        }
    )
