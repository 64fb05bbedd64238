"""What the shop promises of coupons, points, budgets, and of the sums that they leave, as rules over plain records."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping

from cli.experiment.books import Books, Findings
from cli.experiment.purses import AllocationRow, HeldRow, LineRow
from ordersaga.domain.lifecycle.states import State
from ordersaga.domain.pricing.allocation import Kind
from ordersaga.domain.pricing.coupons import NEXT, CouponState
from ordersaga.domain.pricing.source import Source

_HELD, _USED, _RETURNED = "held", "used", "returned"
_STATE_WHILE = {_HELD: CouponState.LOCKED, _USED: CouponState.USED}


def _coupons_are_where_their_steps_led(books: Books) -> Findings:
    states: dict[str, str | None] = {}
    for step in books.purses.coupon_steps:
        before = states.get(step.coupon_code)
        if step.from_state != before:
            yield step.coupon_code, f"it went from {step.from_state} to {step.to_state} while {before}"
        elif before is not None and step.to_state not in NEXT[CouponState(before)]:
            yield step.coupon_code, f"no coupon goes from {before} to {step.to_state}"
        states[step.coupon_code] = step.to_state
    for coupon in books.purses.coupons:
        if coupon.state != states.get(coupon.coupon_code):
            yield coupon.coupon_code, f"it is {coupon.state}, its steps end {states.get(coupon.coupon_code)}"


def _coupons_are_held_once(books: Books) -> Findings:
    holders: defaultdict[str, list[HeldRow]] = defaultdict(list)
    for item in books.purses.held:
        if item.source == Source.COUPON and item.state != _RETURNED:
            holders[item.code].append(item)
    for coupon in books.purses.coupons:
        found = holders[coupon.coupon_code]
        if len(found) > 1:
            yield coupon.coupon_code, f"{', '.join(sorted(item.order_no for item in found))} hold it"
            continue
        wanted = (found[0].order_no, _STATE_WHILE[found[0].state]) if found else (None, None)
        held = coupon.state in _STATE_WHILE.values()
        if (coupon.order_no, coupon.state if held else None) != wanted:
            yield coupon.coupon_code, f"it is {coupon.state} for {coupon.order_no}, and held by {wanted[0]}"


def _ended_orders_settled_what_they_held(books: Books) -> Findings:
    """An order that was never placed gave everything back; `held` is for orders that are still open."""
    wanted = {
        order.order_no: (_USED if order.state == State.COMPLETED else _RETURNED)
        for order in books.orders
        if order.ended
    }
    running = {order.order_no for order in books.orders if not order.ended}
    for order_no, state in sorted({(item.order_no, item.state) for item in books.purses.held}):
        if order_no not in running and state != wanted.get(order_no, _RETURNED):
            yield order_no, f"what it held is {state}, not {wanted.get(order_no, _RETURNED)}"


def _points_add_up(books: Books) -> Findings:
    balance: Counter[str] = Counter()
    locked: Counter[str] = Counter()
    for movement in books.purses.points_movements:
        balance[movement.account] += movement.balance
        locked[movement.account] += movement.locked
    held: Counter[str] = Counter()
    for item in books.purses.held:
        if item.state == _HELD:
            held[item.account] += item.points
    for row in books.purses.points:
        ledger = (balance[row.account], locked[row.account])
        if (row.balance, row.locked) != ledger:
            yield row.account, f"{row.balance} points and {row.locked} locked; the ledger says {ledger}"
        if row.locked != held[row.account]:
            yield row.account, f"{row.locked} points are locked, orders hold {held[row.account]}"


def _budgets_and_quotas_add_up(books: Books) -> Findings:
    spent: Counter[tuple[str, str]] = Counter()
    used: Counter[tuple[str, str]] = Counter()
    by_account: Counter[tuple[str, str, str]] = Counter()
    for item in books.purses.held:
        if not item.returned and item.source not in (Source.COUPON, Source.POINTS):
            spent[item.source, item.code] += item.amount
            used[item.source, item.code] += 1
            by_account[item.code, item.account, item.period] += 1
    for offer in books.purses.offers:
        key = (offer.source, offer.code)
        if (offer.spent, offer.used) != (spent[key], used[key]):
            yield offer.code, f"{offer.spent} in {offer.used} orders; orders hold {spent[key]} in {used[key]}"
        if offer.budget is not None and offer.spent > offer.budget:
            yield offer.code, f"{offer.spent} are spent of a budget of {offer.budget}"
        if offer.usage_limit is not None and offer.used > offer.usage_limit:
            yield offer.code, f"{offer.used} orders have it, of {offer.usage_limit}"
    counted = Counter({(row.code, row.account, row.period): row.used for row in books.purses.account_uses})
    for use in sorted(set(counted) | set(by_account)):
        if counted[use] != by_account[use]:
            yield use[0], f"{counted[use]} uses by {use[1]}, whose orders hold {by_account[use]}"


def _orders_hold_what_they_take(books: Books) -> Findings:
    """What a coupon, points or a limited offer takes off an order's lines is what the order held of it."""
    taken: Counter[tuple[str, str, str]] = Counter()
    for share in books.purses.allocations:
        if share.kind != Kind.SHIPPING_FEE:
            taken[share.order_no, share.source, share.code] += share.amount
    placed = {order.order_no for order in books.orders}
    held = {(item.order_no, item.source, item.code): item.amount for item in books.purses.held}
    for (order_no, source, code), amount in held.items():
        if order_no in placed and taken[order_no, source, code] != amount:
            yield order_no, f"{source} {code} takes {taken[order_no, source, code]} off it, it holds {amount}"
    for order_no, source, code in taken:
        if source in (Source.COUPON, Source.POINTS) and (order_no, source, code) not in held:
            yield order_no, f"{source} {code} is on its lines, and it never held it"


def _orders_add_up(books: Books) -> Findings:
    shares: defaultdict[tuple[str, int], list[AllocationRow]] = defaultdict(list)
    for share in books.purses.allocations:
        shares[share.order_no, share.line_no].append(share)
    lines: defaultdict[str, list[LineRow]] = defaultdict(list)
    for line in books.purses.lines:
        lines[line.order_no].append(line)
        for fault in _faults(line, shares[line.order_no, line.line_no]):
            yield line.order_no, f"line {line.line_no}: {fault}"
    for totals in books.purses.totals:
        own = lines[totals.order_no]
        off = [share for line in own for share in shares[line.order_no, line.line_no]]
        wanted = {
            "goods": sum(line.amount for line in own),
            "discount": _sum(off, Kind.DISCOUNT),
            "points": sum(line.points for line in own),
            "shipping": sum(line.shipping for line in own),
            "shipping_discount": _sum(off, Kind.SHIPPING_DISCOUNT),
            "payable": sum(line.payable + line.shipping for line in own),
        }
        for name, amount in wanted.items():
            if getattr(totals, name) != amount:
                yield totals.order_no, f"{name} is {getattr(totals, name)}, its lines make {amount}"


def _faults(line: LineRow, shares: Iterable[AllocationRow]) -> Iterable[str]:
    shares = list(shares)
    wanted = {
        "amount": (line.amount, line.quantity * line.unit_price),
        "payable": (line.payable, line.amount - _sum(shares, Kind.DISCOUNT) - _sum(shares, Kind.POINTS)),
        "points": (line.points, _sum(shares, Kind.POINTS)),
        "shipping": (line.shipping, _sum(shares, Kind.SHIPPING_FEE) - _sum(shares, Kind.SHIPPING_DISCOUNT)),
    }
    yield from (f"{name} is {is_}, not {should}" for name, (is_, should) in wanted.items() if is_ != should)
    if line.payable < 0 or line.shipping < 0 or (line.gift and line.payable):
        yield f"{line.payable} for the goods and {line.shipping} for their delivery"
    for share in shares:
        if (share.units, share.of_units) != (line.quantity, share.amount):
            yield f"{share.amount} of {share.code} falls as {share.of_units} on {share.units} units"


def _sum(shares: Iterable[AllocationRow], kind: Kind) -> int:
    return sum(share.amount for share in shares if share.kind == kind)


PURSE_PROMISES: Mapping[str, Callable[[Books], Findings]] = {
    "a coupon is where its steps led it": _coupons_are_where_their_steps_led,
    "a coupon is held by one order": _coupons_are_held_once,
    "an ended order used or gave back what it held": _ended_orders_settled_what_they_held,
    "points add up": _points_add_up,
    "budgets and quotas add up": _budgets_and_quotas_add_up,
    "an order holds what its price rests on": _orders_hold_what_they_take,
    "an order adds up": _orders_add_up,
}
