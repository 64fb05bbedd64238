"""What a quote holds the shop to, and how a later price differs from it (R-SUB-3)."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ordersaga.domain.pricing.allocation import Allocation, Kind
from ordersaga.domain.pricing.quote import PricedLine, PricedOrder

Rule = tuple[str, str, int]
"""A rule that was applied: source, code, version."""

_IDENTITY = ("sku", "gift", "source", "code")
"""What tells the records of a list apart, as far as they have it."""


def promise(priced: PricedOrder) -> dict[str, Any]:
    """A price without what only describes the goods or the rules: a new name is no new price."""
    return {
        "order_type": priced.order_type,
        "currency": priced.currency,
        "shipping_option": priced.shipping_option,
        "campaign": priced.campaign,
        "sale": priced.sale,
        "lines": [_line(line) for line in priced.lines],
        "totals": asdict(priced.totals),
    }


def rules_of(priced: PricedOrder) -> tuple[Rule, ...]:
    """The rules that a price rests on, points among them, each once."""
    allocations = (item for line in priced.lines for item in line.allocations)
    return tuple(
        sorted({(item.source, item.code, item.version) for item in allocations if item.kind is not Kind.SHIPPING_FEE})
    )


def differences(quoted: Mapping[str, Any], now: Mapping[str, Any], path: str = "") -> list[dict[str, Any]]:
    """Every field in which two JSON-like documents differ: `{"field", "quoted", "now"}`.

    A field is a path such as `lines.0.discounts.1.amount`. Lines and discounts are compared with their like: one that
    is gone, or new, is a difference of its own, numbered as in the document that has it.
    """
    found: list[dict[str, Any]] = []
    for key in sorted(quoted.keys() | now.keys()):
        found += _difference(quoted.get(key), now.get(key), f"{path}.{key}" if path else key)
    return found


def _difference(old: Any, new: Any, here: str) -> list[dict[str, Any]]:
    if old == new:
        return []
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return differences(old, new, here)
    if isinstance(old, list) and isinstance(new, list):
        if _are_records(old) and _are_records(new):
            return _differing_records(old, new, here)
        if len(old) == len(new):
            pairs = enumerate(zip(old, new, strict=True))
            return [found for place, pair in pairs for found in _difference(*pair, f"{here}.{place}")]
    return [{"field": here, "quoted": old, "now": new}]


def _differing_records(old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]], here: str) -> list[Any]:
    before, after = _by_identity(old), _by_identity(new)
    found = []
    for identity, (place, record) in before.items():
        _, like = after.get(identity, (place, None))
        found += _difference(record, like, f"{here}.{place}")
    for identity, (place, record) in after.items():
        if identity not in before:
            found += _difference(None, record, f"{here}.{place}")
    return found


def _by_identity(records: Sequence[Mapping[str, Any]]) -> dict[Hashable, tuple[int, Mapping[str, Any]]]:
    """The records by what they are, and by how many of the same stand before them."""
    found: dict[Hashable, tuple[int, Mapping[str, Any]]] = {}
    seen: Counter[Hashable] = Counter()
    for place, record in enumerate(records):
        identity = tuple(record.get(name) for name in _IDENTITY)
        found[identity, seen[identity]] = place, record
        seen[identity] += 1
    return found


def _are_records(values: Sequence[Any]) -> bool:
    return all(isinstance(value, Mapping) for value in values)


def _line(line: PricedLine) -> dict[str, Any]:
    return {
        "sku": line.sku,
        "quantity": line.quantity,
        "unit_price": line.unit_price,
        "amount": line.amount,
        "discounts": [_discount(item) for item in line.discounts],
        "points": line.points,
        "payable": line.payable,
        "shipping": line.shipping,
        "shipping_discounts": [_discount(item) for item in line.shipping_discounts],
        "gift": line.gift,
    }


def _discount(item: Allocation) -> dict[str, Any]:
    return {"source": item.source, "code": item.code, "amount": item.amount}
