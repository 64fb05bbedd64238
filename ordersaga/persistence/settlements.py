"""What a claim would give back, and what claims have given back so far (R-REV-8, M5)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.after_sales.bought import Bought, Departure, OfferKey, UnitKey, gone_with
from ordersaga.domain.after_sales.breakdown import Breakdown
from ordersaga.domain.after_sales.case import Fault, Kind
from ordersaga.domain.after_sales.earned import paid_for_goods
from ordersaga.domain.after_sales.refunding import break_down
from ordersaga.domain.after_sales.replacement import EXCHANGE, replacement_no
from ordersaga.domain.after_sales.rules import AfterSalesRules
from ordersaga.domain.after_sales.tenders import Given, left_of
from ordersaga.domain.after_sales.units import choose
from ordersaga.domain.lifecycle.registry import order_type
from ordersaga.domain.payment import Payment
from ordersaga.domain.pricing.offers import Offer
from ordersaga.domain.pricing.quote import PricedLine
from ordersaga.domain.pricing.source import Source
from ordersaga.persistence import (
    after_sales,
    after_sales_rules,
    coupons,
    earned_points,
    offer_holds,
    offers,
    orders,
    points,
)
from ordersaga.persistence import payments as payment_rows
from ordersaga.persistence.case_opening import units_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Reckoning:
    """A breakdown with what it rests on: the order that was paid for, its `buyer`, its payments and its rules."""

    breakdown: Breakdown
    buyer: str
    payments: Sequence[Payment]
    rules: AfterSalesRules


async def lock_orders(connection: AsyncConnection, order_no: str) -> None:
    """Lock a claim's order, and of an exchange's the one that was paid for: both before any shelf, as everybody does.

    Raises `NotFound`.
    """
    standing = await orders.known(connection, order_no, lock=True)
    if standing.order_type == EXCHANGE:
        lines = (await orders.lines_of(connection, [order_no]))[order_no]
        for paid in sorted({line.replaces.order_no for line in lines if line.replaces is not None}):
            await orders.known(connection, paid, lock=True)


async def preview(
    connection: AsyncConnection, order_no: str, kind: Kind, wanted: Mapping[int, int], fault: Fault, at: datetime
) -> Breakdown:
    """What a claim on `wanted` units, line number → quantity, would give back if it were settled now.

    Of an exchange: what comes back if its replacement runs out and the buyer takes money. Nothing is written.
    Raises `UnitsNotClaimable`, `NotFound`.
    """
    chosen = choose(await units_in(connection, order_no), kind, wanted)
    return (await reckon(connection, order_no, chosen, kind, fault)).breakdown


async def reckon(
    connection: AsyncConnection,
    order_no: str,
    units: Mapping[int, Sequence[int]],
    kind: Kind,
    fault: Fault,
    *,
    lock: bool = False,
) -> Reckoning:
    """What a claim on these units, by line, gives back; an exchange's stand for units that were paid for.

    With `lock` everything that it rests on stays as it is until the transaction ends; the caller has locked the orders
    (`lock_orders`). Raises `NotFound`.
    """
    claimed = await orders.whole(connection, order_no)
    root_no, keys = _paid_for(claimed, units)
    root = claimed if root_no == order_no else await orders.whole(connection, root_no)
    rules = await after_sales_rules.rules_at(connection, root.placed_at)
    bought = await _bought(connection, root, rules)
    before = await given_for(connection, root_no)
    if lock:
        await offer_holds.lock(connection, root_no)
    payments = await payment_rows.of_order(connection, root_no)
    never_shipped = kind is Kind.CANCELLATION and root_no == order_no
    breakdown = break_down(
        bought,
        dict.fromkeys(keys, Departure(never_shipped=never_shipped, seller_at_fault=fault is Fault.SELLER)),
        before,
        rules,
        money_left=sum(left_of(payment) for payment in payments),
        earned=await earned_points.of_order(connection, root_no, lock=lock),
    )
    return Reckoning(breakdown=breakdown, buyer=root.buyer, payments=payments, rules=rules)


async def given_for(connection: AsyncConnection, order_no: str) -> list[Breakdown]:
    """What every case has given back out of an order's ledger, those of its exchanges included."""
    found = []
    open_orders = [order_no]
    while open_orders:
        for case in await after_sales.of_order(connection, open_orders.pop()):
            if case.settlement:
                found.append(Breakdown.from_document(case.settlement))
            if case.kind is Kind.EXCHANGE:
                open_orders.append(replacement_no(case))
    return found


async def earn(connection: AsyncConnection, order_no: str, at: datetime) -> None:
    """Let the goods of an order that stay earn their points, once they are received; a second time nothing."""
    standing = await orders.known(connection, order_no)
    policy = await points.policy(connection, standing.currency)
    if policy is None or not policy.earned(standing.payable):
        return
    bought = _plain(await orders.whole(connection, order_no))
    paid = paid_for_goods(bought, gone_with(await given_for(connection, order_no)))
    if policy.earned(paid):
        await earned_points.earn(connection, order_no, standing.buyer, paid, policy, at)


async def take_all_earned_back(connection: AsyncConnection, order_no: str, at: datetime) -> None:
    """Of an order whose money goes back as a whole: what it earned, as far as the account has it; the rest is waived.

    The caller holds the order's lock.
    """
    earned = await earned_points.of_order(connection, order_no, lock=True)
    if earned.points:
        settled = Given.by(await given_for(connection, order_no)).earned_points
        number = min(earned.points - settled, earned.available)
        if number > 0:
            order = await orders.known(connection, order_no)
            await earned_points.take_back(connection, order.buyer, number, document=order_no, at=at)


def _paid_for(order: orders.Order, units: Mapping[int, Sequence[int]]) -> tuple[str, list[UnitKey]]:
    """The order whose ledger has what was paid for these units, and which those are there."""
    lines = {line.line_no: line for line in order.lines}
    found = [
        (order.order_no, line_no, unit)
        if (stands_for := lines[line_no].replaces) is None
        else (stands_for.order_no, stands_for.line_no, stands_for.units[unit - 1])
        for line_no, numbers in units.items()
        for unit in numbers
    ]
    root_no = found[0][0] if found else order.order_no
    return root_no, [(line_no, unit) for _, line_no, unit in found]


def _plain(order: orders.Order) -> Bought:
    return Bought(
        order_no=order.order_no,
        currency=order.currency,
        order_type=order.order_type,
        lines=order.lines,
        rules={},
    )


async def _bought(connection: AsyncConnection, order: orders.Order, rules: AfterSalesRules) -> Bought:
    spent, restored = await offer_holds.spent_points(connection, order.order_no)
    terms = order_type(order.order_type).terms
    return Bought(
        order_no=order.order_no,
        currency=order.currency,
        order_type=order.order_type,
        lines=order.lines,
        rules=await _rules_of(connection, order.lines),
        spent_points=spent,
        points_return=rules.points and restored,
        forfeit=terms.of(order.sale).forfeit if terms and order.sale else 0,
    )


async def _rules_of(connection: AsyncConnection, lines: Iterable[PricedLine]) -> Mapping[OfferKey, Offer]:
    """The rules that the ledger names, as they were."""
    named = {
        (item.source, item.code): item.version
        for line in lines
        for item in line.allocations
        if item.source in (Source.PROMOTION, Source.MEMBER_BENEFIT, Source.COUPON)
    }
    codes = {key: version for key, version in named.items() if key[0] != Source.COUPON}
    found: dict[OfferKey, Offer] = {}
    if codes:
        rules = await offers.in_versions(connection, [(code, version) for (_, code), version in codes.items()])
        found |= {key: rules[key[1], version] for key, version in codes.items() if (key[1], version) in rules}
    if held := [code for source, code in named if source == Source.COUPON]:
        granted = await coupons.coded(connection, held)
        found |= {(Source.COUPON.value, code): coupon.offer for code, coupon in granted.items()}
    return found
