"""Reads coupons, points, budgets and allocations straight from the database."""

from typing import Any

from cli.experiment.purses import (
    AccountUse,
    AllocationRow,
    CouponRow,
    CouponStep,
    HeldRow,
    LineRow,
    OfferRow,
    PointsMovement,
    PointsRow,
    Purses,
    TotalsRow,
)
from cli.experiment.rows import rows

_COUPONS = "SELECT coupon_code, state, order_no FROM coupons ORDER BY coupon_code"
_COUPON_STEPS = "SELECT coupon_code, from_state, to_state FROM coupon_movements ORDER BY movement_id"
_POINTS = "SELECT account, balance, locked FROM point_accounts ORDER BY account"
_POINTS_MOVEMENTS = "SELECT account, balance, locked FROM point_movements"
_OFFERS = "SELECT source, code, spent, used, budget, usage_limit FROM offers ORDER BY code"
_ACCOUNT_USES = "SELECT code, account, period, used FROM offer_account_uses"
_HELD = """
    SELECT order_no, state, source, code, account, period, amount, points, returned
    FROM offer_holds JOIN offer_hold_items USING (order_no) ORDER BY order_no, source, code
"""
_TOTALS = "SELECT order_no, goods, discount, points, shipping, shipping_discount, payable FROM orders"
_LINES = """
    SELECT order_no, line_no, quantity, unit_price, amount, points, payable, shipping, gift FROM order_lines
    ORDER BY order_no, line_no
"""
_ALLOCATIONS = """
    SELECT order_no, line_no, item->>'kind' AS kind, item->>'source' AS source, item->>'code' AS code,
           (item->>'amount')::bigint AS amount, runs.units, runs.of_units
    FROM order_lines, jsonb_array_elements(allocations) AS item, LATERAL (
        SELECT coalesce(sum((run->>0)::bigint), 0)::bigint AS units,
               coalesce(sum((run->>0)::bigint * (run->>1)::bigint), 0)::bigint AS of_units
        FROM jsonb_array_elements(item->'units') AS run
    ) AS runs
"""


async def read_purses(connection: Any) -> Purses:
    return Purses(
        coupons=await rows(connection, CouponRow, _COUPONS),
        coupon_steps=await rows(connection, CouponStep, _COUPON_STEPS),
        points=await rows(connection, PointsRow, _POINTS),
        points_movements=await rows(connection, PointsMovement, _POINTS_MOVEMENTS),
        offers=await rows(connection, OfferRow, _OFFERS),
        account_uses=await rows(connection, AccountUse, _ACCOUNT_USES),
        held=await rows(connection, HeldRow, _HELD),
        totals=await rows(connection, TotalsRow, _TOTALS),
        lines=await rows(connection, LineRow, _LINES),
        allocations=await rows(connection, AllocationRow, _ALLOCATIONS),
    )
