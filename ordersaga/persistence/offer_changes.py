"""What an unpaid order holds of offers after its price has changed: less, other, or as much as before (R-REV-1, S6).

Rows are locked in the order of `offer_holds`. What an order lets go of comes back by the rules for a cancelled one.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.errors import OfferExhausted
from ordersaga.domain.pricing.coupons import CouponState
from ordersaga.domain.pricing.held import Held, HeldShare
from ordersaga.domain.pricing.quote import Hold
from ordersaga.domain.pricing.restoration import Restoration, Return, Undoing, from_document
from ordersaga.domain.pricing.source import Source
from ordersaga.persistence import offer_holds, points
from ordersaga.persistence.tables.coupons import coupons
from ordersaga.persistence.tables.offers import offer_hold_items, offers

_LET_COUPON_GO = text("""
    WITH step AS (
        INSERT INTO coupon_movements (coupon_code, from_state, to_state, source_document, at)
        VALUES (:code, 'locked', :state, :document, :at)
    )
    UPDATE coupons SET state = :state, valid_until = :valid_until, order_no = NULL, updated_at = :at
    WHERE coupon_code = :code
""")
_LET_OFFER_GO = text("""
    WITH counted AS (
        UPDATE offers SET spent = spent - :amount, used = used - 1 WHERE source = :source AND code = :code
    )
    UPDATE offer_account_uses SET used = used - 1 WHERE code = :code AND account = :account AND period = :period
""")


async def held(connection: AsyncConnection, order_no: str) -> Held:
    """What an order holds of offers, for pricing it again. Its goods are not in it."""
    found = await _items(connection, order_no)
    return Held(
        coupons=frozenset(item.code for item in found if item.source == Source.COUPON),
        points=sum(item.points for item in found),
        offers={item.code: HeldShare(item.amount, item.period) for item in found if _is_counted(item)},
    )


async def change(
    connection: AsyncConnection, order_no: str, account: str, holds: Sequence[Hold], at: datetime, *, change_no: int
) -> None:
    """Hold what the new price rests on in place of what the old one did, in the order's change of this number.

    Raises what `offer_holds.hold` raises, for what was not held before, and for a budget that is asked for more.
    """
    standing = {(item.source, item.code): item for item in await _items(connection, order_no)}
    wanted = {(hold.source, hold.code): hold for hold in holds}
    if not (standing or wanted) or not await offer_holds.is_held(connection, order_no, at):
        return
    ends = await _lock_coupons(connection, standing.values())
    gone = [item for key, item in standing.items() if key not in wanted]
    for item in sorted(gone, key=lambda item: (item.source, item.code)):
        if item.source == Source.COUPON:
            await _let_coupon_go(connection, item, ends[item.code], at)
    await _change_points(connection, order_no, standing, wanted, at, change_no)
    left = await _lock_offers(connection, {code for source, code in {*standing, *wanted} if source not in _UNCOUNTED})
    for item in gone:
        if _is_counted(item):
            await _let_offer_go(connection, item, at)
    for key in wanted.keys() & standing.keys():
        await _change_amount(connection, standing[key], wanted[key], left)
    if new := [hold for key, hold in wanted.items() if key not in standing]:
        await offer_holds.take(connection, order_no, account, new, at)


_UNCOUNTED = frozenset({Source.COUPON.value, Source.POINTS.value})


def _is_counted(item: Row[Any]) -> bool:
    """Whether it takes of a budget or a quota."""
    return item.source not in _UNCOUNTED


async def _items(connection: AsyncConnection, order_no: str) -> Sequence[Row[Any]]:
    mine = (offer_hold_items.c.order_no == order_no) & ~offer_hold_items.c.returned
    return (await connection.execute(select(offer_hold_items).where(mine))).all()


async def _lock_coupons(connection: AsyncConnection, items: Any) -> Mapping[str, datetime | None]:
    """Coupon → until when it is valid."""
    codes = [item.code for item in items if item.source == Source.COUPON]
    query = select(coupons.c.coupon_code, coupons.c.valid_until).where(coupons.c.coupon_code.in_(codes))
    rows = await connection.execute(query.order_by(coupons.c.coupon_code).with_for_update())
    return {row.coupon_code: row.valid_until for row in rows}


async def _lock_offers(connection: AsyncConnection, codes: set[str]) -> Mapping[str, int | None]:
    """Offer → what is left of its budget; `None` without one."""
    query = select(offers.c.code, offers.c.budget, offers.c.spent).where(offers.c.code.in_(sorted(codes)))
    rows = await connection.execute(query.order_by(offers.c.code).with_for_update())
    return {row.code: None if row.budget is None else row.budget - row.spent for row in rows}


async def _let_coupon_go(connection: AsyncConnection, item: Row[Any], end: datetime | None, at: datetime) -> None:
    rule = _rule(item)
    state, valid_until = CouponState.RETURNED, rule.valid_until(end, at)
    if not rule.gives_back(end, at):
        state, valid_until = (CouponState.FORFEITED if rule.rule is Return.KEPT else CouponState.EXPIRED), end
    said = {"code": item.code, "state": state.value, "valid_until": valid_until, "document": item.order_no, "at": at}
    await connection.execute(_LET_COUPON_GO, said)
    await _forget(connection, item)


async def _let_offer_go(connection: AsyncConnection, item: Row[Any], at: datetime) -> None:
    """A share that the rules keep stays taken, and stays with the order."""
    if not _rule(item).gives_back(None, at):
        return
    said = {name: getattr(item, name) for name in ("source", "code", "amount", "account", "period")}
    await connection.execute(_LET_OFFER_GO, said)
    await _forget(connection, item)


async def _change_points(
    connection: AsyncConnection,
    order_no: str,
    standing: Mapping[tuple[str, str], Row[Any]],
    wanted: Mapping[tuple[str, str], Hold],
    at: datetime,
    change_no: int,
) -> None:
    """Points that are not spent any more are free again, whatever the rules say of orders that come to nothing."""
    for key, item in standing.items():
        if item.source != Source.POINTS:
            continue
        kept = wanted[key].points if key in wanted else 0
        if kept != item.points:
            freed = kept - item.points
            await points.book(
                connection, item.account, f"change:{change_no}", balance=0, locked=freed, document=order_no, at=at
            )
        if key not in wanted:
            await _forget(connection, item)


async def _change_amount(
    connection: AsyncConnection, item: Row[Any], wanted: Hold, left: Mapping[str, int | None]
) -> None:
    more = wanted.amount - item.amount
    if _is_counted(item) and more:
        free = left.get(item.code)
        if free is not None and more > free:
            raise OfferExhausted(
                f"there is not enough left of {item.code}",
                source=item.source,
                offer_code=item.code,
                reason="budget_exhausted",
            )
        await connection.execute(update(offers).where(offers.c.code == item.code).values(spent=offers.c.spent + more))
    mine = (
        (offer_hold_items.c.order_no == item.order_no)
        & (offer_hold_items.c.source == item.source)
        & (offer_hold_items.c.code == item.code)
    )
    await connection.execute(update(offer_hold_items).where(mine).values(amount=wanted.amount, points=wanted.points))


async def _forget(connection: AsyncConnection, item: Row[Any]) -> None:
    rows = offer_hold_items.c
    mine = (rows.order_no == item.order_no) & (rows.source == item.source) & (rows.code == item.code)
    await connection.execute(delete(offer_hold_items).where(mine))


def _rule(item: Row[Any]) -> Restoration:
    return from_document(item.restorations)[Undoing.CANCELLED]
