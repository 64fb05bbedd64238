"""Which warehouse serves which line (R-SPL-1).

All lines from one warehouse if possible; else each seller's lines from one; else each line on its own; a line is
taken from several warehouses only when no single one has enough. Among warehouses the nearest wins (same city, then
region, then country), then the one with most stock of the wanted goods, then the first by id.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ordersaga.domain.catalogue import Address, StockPolicy, Warehouse
from ordersaga.domain.errors import OutOfStock
from ordersaga.domain.pricing.quote import PricedOrder


@dataclass(frozen=True, slots=True, order=True)
class Demand:
    """Units of a line. `pool` is the campaign from whose own stock they come; empty, from the general shelf."""

    line_no: int
    sku: str
    merchant_id: str
    quantity: int
    pool: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """`quantity` units of a line come from one warehouse."""

    line_no: int
    sku: str
    warehouse_id: str
    quantity: int


Availability = Mapping[str, Mapping[str, int]]
"""SKU → warehouse id → units that nobody holds."""


def demands_of(priced: PricedOrder, *policies: StockPolicy) -> list[Demand]:
    """What an order wants of which shelf, narrowed to the lines of these policies.

    Bought and given units of a SKU come from the same shelf.
    """
    pools = {line.sku: priced.pool for line in priced.lines if not line.gift}
    return [
        Demand(line.line_no, line.sku, line.merchant_id, line.quantity, pools.get(line.sku, ""))
        for line in priced.lines
        if line.stock_policy in (policies or StockPolicy)
    ]


def source(
    demands: Sequence[Demand], available: Availability, warehouses: Mapping[str, Warehouse], to: Address
) -> tuple[Source, ...]:
    """Where every demanded unit comes from. Raises `OutOfStock`, naming every SKU that is short."""
    refuse_shortage(demands, available)
    left = {sku: dict(by_warehouse) for sku, by_warehouse in available.items()}
    sources: list[Source] = []
    for group in _groups(demands, left, warehouses):
        sources += _take(group, left, _by_preference(group, left, warehouses, to))
    return tuple(sorted(sources))


def refuse_shortage(demands: Iterable[Demand], available: Availability) -> None:
    """Raise `OutOfStock`, naming every SKU that is short."""
    wanted: defaultdict[str, int] = defaultdict(int)
    for demand in demands:
        wanted[demand.sku] += demand.quantity
    short = [
        {"sku": sku, "requested": quantity, "available": held}
        for sku, quantity in sorted(wanted.items())
        if (held := sum(available.get(sku, {}).values())) < quantity
    ]
    if short:
        names = ", ".join(str(item["sku"]) for item in short)
        raise OutOfStock(f"not enough stock of {names}", items=short)


def _groups(
    demands: Sequence[Demand], left: Availability, warehouses: Mapping[str, Warehouse]
) -> list[tuple[Demand, ...]]:
    """The largest groups of lines that one warehouse can serve whole: the order, else sellers, else lines."""
    if any(_serves(warehouse_id, demands, left) for warehouse_id in warehouses):
        return [tuple(demands)]
    by_seller: defaultdict[str, list[Demand]] = defaultdict(list)
    for demand in demands:
        by_seller[demand.merchant_id].append(demand)
    groups: list[tuple[Demand, ...]] = []
    for seller in sorted(by_seller):
        lines = by_seller[seller]
        whole = any(_serves(warehouse_id, lines, left) for warehouse_id in warehouses)
        groups += [tuple(lines)] if whole else [(line,) for line in lines]
    return groups


def _serves(warehouse_id: str, demands: Iterable[Demand], left: Availability) -> bool:
    wanted: defaultdict[str, int] = defaultdict(int)
    for demand in demands:
        wanted[demand.sku] += demand.quantity
    return all(left.get(sku, {}).get(warehouse_id, 0) >= quantity for sku, quantity in wanted.items())


def _by_preference(
    group: Sequence[Demand], left: Availability, warehouses: Mapping[str, Warehouse], to: Address
) -> list[str]:
    def rank(warehouse_id: str) -> tuple[bool, int, int, str]:
        held = sum(left.get(demand.sku, {}).get(warehouse_id, 0) for demand in group)
        return not _serves(warehouse_id, group, left), _distance(warehouses[warehouse_id], to), -held, warehouse_id

    return sorted(warehouses, key=rank)


def _distance(warehouse: Warehouse, to: Address) -> int:
    if warehouse.country != to.country:
        return 3
    if warehouse.region != to.region:
        return 2
    return 0 if warehouse.city == to.city else 1


def _take(group: Iterable[Demand], left: dict[str, dict[str, int]], preferred: Sequence[str]) -> list[Source]:
    sources = []
    for demand in group:
        missing = demand.quantity
        for warehouse_id in preferred:
            taken = min(missing, left.get(demand.sku, {}).get(warehouse_id, 0))
            if taken:
                left[demand.sku][warehouse_id] -= taken
                sources.append(Source(demand.line_no, demand.sku, warehouse_id, taken))
                missing -= taken
    return sources
