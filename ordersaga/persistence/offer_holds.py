"""What orders hold of offers: coupons, points, budgets and quotas (R-SUB-2, R-SUB-5, R-REV-2, S6).

An order holds once and gives back once. Rows are locked in the same order everywhere – the order's own, coupons by
code, the account's points, offers by code – so that no two orders wait for each other. Offers come last: they are what
many orders want at the same time.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, Row, Text, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.errors import PlacingTimedOut
from ordersaga.domain.pricing.coupons import CouponState
from ordersaga.domain.pricing.quote import Hold
from ordersaga.domain.pricing.restoration import Return, Undoing, from_document, to_document
from ordersaga.domain.pricing.source import Source
from ordersaga.persistence import points, restorations
from ordersaga.persistence.offer_limits import lock_coupons, lock_offers
from ordersaga.persistence.tables.offers import offer_hold_items, offer_holds

_HELD = "held"
_USED = "used"
_RETURNED = "returned"

_HOLD = text("""
    WITH items AS (
        SELECT * FROM unnest(CAST(:sources AS text[]), CAST(:codes AS text[]), CAST(:amounts AS bigint[]),
                             CAST(:points AS bigint[]), CAST(:periods AS text[]), CAST(:restorations AS text[]))
        AS t (source, code, amount, points, period, restorations)
    ), steps AS (
        INSERT INTO coupon_movements (coupon_code, from_state, to_state, source_document, at)
        SELECT coupon_code, state, 'locked', :order_no, :at
        FROM coupons JOIN items ON items.source = 'coupon' AND coupon_code = items.code
    ), locked AS (
        UPDATE coupons SET state = 'locked', order_no = :order_no, updated_at = :at
        FROM items WHERE items.source = 'coupon' AND coupon_code = items.code
    ), counted AS (
        UPDATE offers SET spent = offers.spent + items.amount, used = offers.used + 1
        FROM items WHERE offers.source = items.source AND offers.code = items.code
    ), counted_by_account AS (
        INSERT INTO offer_account_uses AS uses (code, account, period, used)
        SELECT code, :account, items.period, 1 FROM offers JOIN items USING (source, code)
        ON CONFLICT (code, account, period) DO UPDATE SET used = uses.used + 1
    )
    INSERT INTO offer_hold_items (order_no, source, code, account, period, amount, points, restorations)
    SELECT :order_no, source, code, :account, period, amount, points, CAST(restorations AS jsonb) FROM items
""")

_LOCK_COUPONS = text("""
    SELECT coupon_code, valid_until FROM coupons WHERE coupon_code IN (
        SELECT code FROM offer_hold_items WHERE order_no = :order_no AND source = 'coupon'
    ) ORDER BY coupon_code FOR UPDATE
""").columns(coupon_code=Text, valid_until=DateTime(timezone=True))

_LOCK_OFFERS = text("""
    SELECT 1 FROM offers WHERE (source, code) IN (
        SELECT source, code FROM offer_hold_items WHERE order_no = :order_no
    ) ORDER BY code FOR UPDATE
""")

_USE_COUPONS = text("""
    WITH changed AS (
        UPDATE coupons SET state = 'used', updated_at = :at WHERE order_no = :order_no AND coupon_code IN (
            SELECT code FROM offer_hold_items WHERE order_no = :order_no AND source = 'coupon'
        ) RETURNING coupon_code
    )
    INSERT INTO coupon_movements (coupon_code, from_state, to_state, source_document, at)
    SELECT coupon_code, 'locked', 'used', :order_no, :at FROM changed
""")

_GIVE_BACK = text("""
    WITH decided AS (
        SELECT * FROM unnest(CAST(:sources AS text[]), CAST(:codes AS text[]), CAST(:given_back AS boolean[]),
                             CAST(:states AS text[]), CAST(:valid_until AS timestamptz[]))
        AS t (source, code, given_back, state, valid_until)
    ), items AS (
        UPDATE offer_hold_items AS item SET returned = decided.given_back FROM decided
        WHERE item.order_no = :order_no AND item.source = decided.source AND item.code = decided.code
        RETURNING item.source, item.code, item.account, item.period, item.amount, item.returned,
                  decided.state, decided.valid_until
    ), steps AS (
        INSERT INTO coupon_movements (coupon_code, from_state, to_state, source_document, at)
        SELECT coupon_code, coupons.state, items.state, :order_no, :at
        FROM coupons JOIN items ON items.source = 'coupon' AND coupon_code = items.code
    ), moved AS (
        UPDATE coupons SET state = items.state, valid_until = items.valid_until, order_no = NULL, updated_at = :at
        FROM items WHERE items.source = 'coupon' AND coupon_code = items.code
    ), counted AS (
        UPDATE offers SET spent = offers.spent - items.amount, used = offers.used - 1
        FROM items WHERE items.returned AND offers.source = items.source AND offers.code = items.code
    )
    UPDATE offer_account_uses AS uses SET used = uses.used - 1 FROM items JOIN offers USING (source, code)
    WHERE items.returned AND uses.code = items.code AND uses.account = items.account AND uses.period = items.period
""")

_POINTS_BACK: Mapping[tuple[str, bool], tuple[str, int, int]] = {
    (_HELD, True): ("release", 0, -1),
    (_HELD, False): ("forfeit", -1, -1),
    (_USED, True): ("return", 1, 0),
}
"""State and whether points come back → the movement, and its effect on their balance and on what is locked."""


async def hold(connection: AsyncConnection, order_no: str, account: str, holds: Sequence[Hold], at: datetime) -> None:
    """Take what an order's price rests on, all or nothing; what it held before, it holds.

    A price that was promised is kept: whether an offer still runs is not asked, only whether something is left of it.
    Raises `CouponUnavailable`, `PointsUnavailable` and `OfferExhausted`, with `coupon_code` or `offer_code` and
    the `reason`; `PlacingTimedOut` once it was given back.
    """
    state = await _begin(connection, order_no, _HELD, at)
    if state == _RETURNED:
        raise PlacingTimedOut("what this order held was given back already")
    if state is None:
        await take(connection, order_no, account, holds, at)


async def is_held(connection: AsyncConnection, order_no: str, at: datetime) -> bool:
    """Whether an order holds offers, from now on if it never held any; not once they are used or given back."""
    return await _begin(connection, order_no, _HELD, at) in (None, _HELD)


async def take(connection: AsyncConnection, order_no: str, account: str, holds: Sequence[Hold], at: datetime) -> None:
    """Take `holds` for an order that is known to hold none of them. Raises what `hold` raises."""
    usual = await restorations.all(connection)
    own_rules = await lock_coupons(connection, account, _of(holds, Source.COUPON), at)
    for item in _of(holds, Source.POINTS):
        await points.book(connection, account, "lock", balance=0, locked=item.points, document=order_no, at=at)
    periods = await lock_offers(connection, account, _of(holds, Source.PROMOTION, Source.MEMBER_BENEFIT), at)
    rules = [{**usual[Source(item.source)], **own_rules.get(item, {})} for item in holds]
    await connection.execute(
        _HOLD,
        {
            "order_no": order_no,
            "account": account,
            "at": at,
            "sources": [item.source for item in holds],
            "codes": [item.code for item in holds],
            "amounts": [item.amount for item in holds],
            "points": [item.points for item in holds],
            "periods": [periods.get(item, "") for item in holds],
            "restorations": [json.dumps(to_document(rule)) for rule in rules],
        },
    )


async def use(connection: AsyncConnection, order_no: str, at: datetime) -> None:
    """What an order holds is used; nothing happens to an order that holds nothing, or no longer."""
    changed = await connection.scalar(
        update(offer_holds)
        .where((offer_holds.c.order_no == order_no) & (offer_holds.c.state == _HELD))
        .values(state=_USED, at=at)
        .returning(offer_holds.c.order_no)
    )
    if changed is None:
        return
    await connection.execute(_LOCK_COUPONS, {"order_no": order_no})
    await connection.execute(_USE_COUPONS, {"order_no": order_no, "at": at})
    for item in await _items(connection, order_no):
        if item.source == Source.POINTS:
            await _book(connection, item, "use", -1, -1, at)


async def lock(connection: AsyncConnection, order_no: str) -> None:
    """Lock an order's own row and its coupons, before anything else is that comes after them."""
    await connection.execute(select(offer_holds.c.state).where(offer_holds.c.order_no == order_no).with_for_update())
    await connection.execute(_LOCK_COUPONS, {"order_no": order_no})


async def spent_points(connection: AsyncConnection, order_no: str) -> tuple[int, bool]:
    """How many points an order was paid with, and whether they come back when its money does: not if they have come
    back as a whole, with an order whose stock was missed.
    """
    item = next((each for each in await _items(connection, order_no) if each.source == Source.POINTS), None)
    if item is None:
        return 0, False
    rule = from_document(item.restorations)[Undoing.REFUNDED].rule
    return item.points, not item.returned and rule is not Return.KEPT


async def return_points(
    connection: AsyncConnection, order_no: str, account: str, number: int, *, document: str, at: datetime
) -> None:
    """Some of the points that an order was paid with come back, for `document`; a constraint refuses more than all."""
    await connection.execute(
        update(offer_hold_items)
        .where((offer_hold_items.c.order_no == order_no) & (offer_hold_items.c.source == Source.POINTS))
        .values(points_returned=offer_hold_items.c.points_returned + number)
    )
    await points.book(connection, account, "return", balance=number, locked=0, document=document, at=at)


async def give_back(
    connection: AsyncConnection,
    order_no: str,
    undoing: Undoing,
    at: datetime,
    *,
    keeping: Collection[Source] = (),
) -> None:
    """What an order holds or used comes back, as far as the rules let it that stood when it was held, and nothing of
    the sources in `keeping`; of points what no case has given back before.

    Before its hold this leaves a tombstone, after it a second time nothing.
    """
    state = await _begin(connection, order_no, _RETURNED, at)
    if state is None or state == _RETURNED:
        return
    await connection.execute(
        update(offer_holds).where(offer_holds.c.order_no == order_no).values(state=_RETURNED, at=at)
    )
    locked = await connection.execute(_LOCK_COUPONS, {"order_no": order_no})
    ends = {coupon.coupon_code: coupon.valid_until for coupon in locked}
    items = await _items(connection, order_no)
    valid_until = [ends.get(item.code) if item.source == Source.COUPON else None for item in items]
    fates = [
        _Fate(False, CouponState.FORFEITED, end) if item.source in keeping else _fate(item, undoing, end, at)
        for item, end in zip(items, valid_until, strict=True)
    ]
    for item, fate in zip(items, fates, strict=True):
        if item.source == Source.POINTS and (state, fate.comes_back) in _POINTS_BACK:
            given = item.points_returned if fate.comes_back else 0
            await _book(connection, item, *_POINTS_BACK[state, fate.comes_back], at, given)
    await connection.execute(_LOCK_OFFERS, {"order_no": order_no})
    await connection.execute(
        _GIVE_BACK,
        {
            "order_no": order_no,
            "at": at,
            "sources": [item.source for item in items],
            "codes": [item.code for item in items],
            "given_back": [fate.comes_back for fate in fates],
            "states": [fate.state for fate in fates],
            "valid_until": [fate.valid_until for fate in fates],
        },
    )


@dataclass(frozen=True, slots=True)
class _Fate:
    """Whether an item comes back; if it is a coupon, in which state, and until when it is valid then."""

    comes_back: bool
    state: CouponState
    valid_until: datetime | None


def _fate(item: Row[Any], undoing: Undoing, end: datetime | None, at: datetime) -> _Fate:
    rule = from_document(item.restorations)[undoing]
    if rule.gives_back(end, at):
        return _Fate(True, CouponState.RETURNED, rule.valid_until(end, at))
    return _Fate(False, CouponState.FORFEITED if rule.rule is Return.KEPT else CouponState.EXPIRED, end)


async def _begin(connection: AsyncConnection, order_no: str, state: str, at: datetime) -> str | None:
    """The state that an order is in already, its row locked; `None` if it is in this one now."""
    first = await connection.scalar(
        insert(offer_holds)
        .values(order_no=order_no, state=state, at=at)
        .on_conflict_do_nothing()
        .returning(offer_holds.c.order_no)
    )
    if first is not None:
        return None
    query = select(offer_holds.c.state).where(offer_holds.c.order_no == order_no)
    found: str | None = await connection.scalar(query.with_for_update())
    return found


async def _items(connection: AsyncConnection, order_no: str) -> Sequence[Row[Any]]:
    return (await connection.execute(select(offer_hold_items).where(offer_hold_items.c.order_no == order_no))).all()


async def _book(
    connection: AsyncConnection, item: Row[Any], kind: str, balance: int, locked: int, at: datetime, given: int = 0
) -> None:
    """`balance` and `locked` times the item's points, less those that were `given` already."""
    change = {"balance": balance * item.points - given, "locked": locked * item.points}
    if any(change.values()):
        await points.book(connection, item.account, kind, **change, document=item.order_no, at=at)


def _of(holds: Sequence[Hold], *sources: Source) -> list[Hold]:
    return [item for item in holds if item.source in sources]
