"""A change of an order that is not paid yet: fewer units, or another way of delivery (R-REV-1). Pure rules."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from ordersaga.domain.catalogue import StockPolicy
from ordersaga.domain.errors import ChangeInvalid
from ordersaga.domain.pricing.quote import CartItem, PricedLine, PricedOrder


def reduced(lines: Sequence[PricedLine], wanted: Mapping[int, int]) -> tuple[CartItem, ...]:
    """What is left to be priced: `wanted` is line number → quantity, none to remove the line; others stay.

    Gifts come and go with what they are given for. Raises `ChangeInvalid`.
    """
    bought = {line.line_no: line for line in lines if not line.gift}
    for line_no, quantity in wanted.items():
        if line_no not in bought:
            gift = any(line.line_no == line_no for line in lines)
            reason, message = ("gift", "is a gift") if gift else ("unknown_line", "is not there")
            raise ChangeInvalid(f"line {line_no} {message}", reason=reason, line_no=line_no)
        if quantity > bought[line_no].quantity:
            message = f"line {line_no} has {bought[line_no].quantity} units, and can only have fewer"
            raise ChangeInvalid(message, reason="more_than_ordered", line_no=line_no)
    left = {line_no: wanted.get(line_no, line.quantity) for line_no, line in bought.items()}
    if not any(left.values()):
        raise ChangeInvalid("nothing would be left; cancel the order instead", reason="nothing_left")
    return tuple(CartItem(bought[line_no].sku, quantity) for line_no, quantity in left.items() if quantity)


def renumbered(before: PricedOrder, after: PricedOrder, used: Iterable[int] = ()) -> PricedOrder:
    """`after` with the line numbers of `before`: what is bought, and a gift, keep theirs. Other gifts, or more of one,
    get a number that no line ever had; `used` are those of lines that went earlier.

    A line also keeps the moment at which its units are taken; those of new gifts are taken at once.
    """
    known = {(line.sku, line.gift): line for line in before.lines}
    unused = _from(max(*used, *(line.line_no for line in before.lines), 0) + 1)
    lines = []
    for line in after.lines:
        old = known.get((line.sku, line.gift))
        if old is not None and line.quantity > old.quantity:
            old = None
        number, policy = (old.line_no, old.stock_policy) if old else (next(unused), StockPolicy.DEDUCT_AT_SUBMIT)
        lines.append(replace(line, line_no=number, stock_policy=policy))
    return replace(after, lines=tuple(sorted(lines, key=lambda line: line.line_no)))


def require_a_change(before: PricedOrder, after: PricedOrder) -> None:
    """Raises `ChangeInvalid` for what changes nothing, and for an order that would cost nothing any more."""
    if _goods(before) == _goods(after) and before.shipping_option == after.shipping_option:
        raise ChangeInvalid("this is what was ordered", reason="nothing_changes")
    if after.totals.payable == 0:
        raise ChangeInvalid("nothing would be left to pay; order anew", reason="nothing_to_pay")


def held_units(order: PricedOrder) -> Mapping[int, int]:
    """Line number → units that are held for an order before it is paid."""
    return {line.line_no: line.quantity for line in order.lines if line.stock_policy is StockPolicy.DEDUCT_AT_SUBMIT}


def summary(order: PricedOrder) -> dict[str, Any]:
    """What people read of an order before and after its change. Amounts are minor units of `currency`."""
    return {
        "currency": order.currency,
        "shipping_option": order.shipping_option,
        "totals": asdict(order.totals),
        "lines": [
            {name: getattr(line, name) for name in ("line_no", "sku", "quantity", "gift", "payable", "shipping")}
            for line in order.lines
        ],
    }


def _goods(order: PricedOrder) -> Mapping[str, int]:
    return {line.sku: line.quantity for line in order.lines if not line.gift}


def _from(number: int) -> Iterator[int]:
    while True:
        yield number
        number += 1
