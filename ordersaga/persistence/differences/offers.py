"""Points, coupons, budgets, quotas and purchase limits against their ledgers, and against orders that are over (S6)."""

# ruff: noqa: S608 - the parts that are put together are our own
from collections.abc import Mapping

from ordersaga.domain.reconciliation import Kind
from ordersaga.persistence.differences.orders import CAME_TO_NOTHING, JOINED, OVER, STATE

_POINTS_DIFFER = """
    WITH ledger AS (
        SELECT account, sum(balance) AS balance, sum(locked) AS locked FROM point_movements GROUP BY account
    )
    SELECT account AS subject, NULL AS order_no,
        jsonb_build_object('balance', coalesce(ledger.balance, 0), 'locked', coalesce(ledger.locked, 0)) AS expected,
        jsonb_build_object('balance', coalesce(own.balance, 0), 'locked', coalesce(own.locked, 0)) AS found
    FROM point_accounts AS own FULL JOIN ledger USING (account)
    WHERE (coalesce(own.balance, 0), coalesce(own.locked, 0))
        <> (coalesce(ledger.balance, 0), coalesce(ledger.locked, 0))
    ORDER BY 1 LIMIT :most
"""

_POINTS_HELD_FOR_NOTHING = f"""
    WITH held AS (
        SELECT source_document AS order_no, sum(locked) AS points FROM point_movements
        WHERE locked <> 0 GROUP BY 1 HAVING sum(locked) <> 0
    )
    SELECT held.order_no AS subject, held.order_no, jsonb_build_object('points', 0) AS expected,
        jsonb_build_object('points', held.points, 'state', {STATE}) AS found
    FROM held {JOINED} WHERE {OVER}
    ORDER BY 1 LIMIT :most
"""

_COUPON_DIFFERS = """
    WITH last AS (
        SELECT DISTINCT ON (coupon_code) coupon_code, to_state FROM coupon_movements
        ORDER BY coupon_code, movement_id DESC
    )
    SELECT coupons.coupon_code AS subject, coupons.order_no,
        jsonb_build_object('state', last.to_state) AS expected,
        jsonb_build_object('state', coupons.state) AS found
    FROM coupons LEFT JOIN last USING (coupon_code)
    WHERE last.to_state IS DISTINCT FROM coupons.state
    ORDER BY 1 LIMIT :most
"""

_COUPON_HELD_FOR_NOTHING = f"""
    WITH held AS (SELECT coupon_code, order_no FROM coupons WHERE state = 'locked')
    SELECT held.coupon_code AS subject, held.order_no, jsonb_build_object('held', false) AS expected,
        jsonb_build_object('held', true, 'state', {STATE}) AS found
    FROM held {JOINED} WHERE {OVER}
    ORDER BY 1 LIMIT :most
"""

_COUPONS_ISSUED_DIFFER = """
    WITH counted AS (SELECT template, count(*) AS issued FROM coupons GROUP BY template)
    SELECT template AS subject, NULL AS order_no,
        jsonb_build_object('issued', coalesce(counted.issued, 0)) AS expected,
        jsonb_build_object('issued', templates.issued) AS found
    FROM coupon_templates AS templates LEFT JOIN counted USING (template)
    WHERE templates.issued <> coalesce(counted.issued, 0)
    ORDER BY 1 LIMIT :most
"""

_BUDGET_DIFFERS = """
    WITH ledger AS (
        SELECT source, code, sum(amount) AS spent, count(*) AS used FROM offer_hold_items
        WHERE NOT returned GROUP BY source, code
    )
    SELECT offers.code AS subject, NULL AS order_no,
        jsonb_build_object('spent', coalesce(ledger.spent, 0), 'used', coalesce(ledger.used, 0)) AS expected,
        jsonb_build_object('spent', offers.spent, 'used', offers.used) AS found
    FROM offers LEFT JOIN ledger USING (source, code)
    WHERE (offers.spent, offers.used) <> (coalesce(ledger.spent, 0), coalesce(ledger.used, 0))
    ORDER BY 1 LIMIT :most
"""

_BUDGET_HELD_FOR_NOTHING = f"""
    WITH held AS (
        SELECT order_no, array_agg(code ORDER BY code) AS codes FROM offer_holds JOIN offer_hold_items USING (order_no)
        WHERE state = 'held' AND source NOT IN ('coupon', 'points') AND NOT returned GROUP BY order_no
    )
    SELECT held.order_no AS subject, held.order_no, jsonb_build_object('offers', '[]'::jsonb) AS expected,
        jsonb_build_object('offers', to_jsonb(held.codes), 'state', {STATE}) AS found
    FROM held {JOINED} WHERE {OVER}
    ORDER BY 1 LIMIT :most
"""

_QUOTA_DIFFERS = """
    WITH ledger AS (
        SELECT items.code, items.account, items.period, count(*) AS used
        FROM offer_hold_items AS items JOIN offers USING (source, code) WHERE NOT items.returned GROUP BY 1, 2, 3
    )
    SELECT concat_ws('/', code, account, nullif(period, '')) AS subject, NULL AS order_no,
        jsonb_build_object('used', coalesce(ledger.used, 0)) AS expected,
        jsonb_build_object('used', coalesce(uses.used, 0)) AS found
    FROM offer_account_uses AS uses FULL JOIN ledger USING (code, account, period)
    WHERE coalesce(uses.used, 0) <> coalesce(ledger.used, 0)
    ORDER BY 1 LIMIT :most
"""

_LIMIT_DIFFERS = """
    SELECT holds.order_no || '/' || items.code AS subject, holds.order_no,
        jsonb_build_object('returned', holds.state = 'returned') AS expected,
        jsonb_build_object('returned', items.returned) AS found
    FROM limit_holds AS holds JOIN limit_hold_items AS items USING (order_no)
    WHERE items.returned <> (holds.state = 'returned')
    ORDER BY 1 LIMIT :most
"""

_LIMIT_HELD_FOR_NOTHING = f"""
    WITH held AS (
        SELECT order_no, sum(units) AS units FROM limit_holds JOIN limit_hold_items USING (order_no)
        WHERE state = 'held' GROUP BY order_no
    )
    SELECT held.order_no AS subject, held.order_no, jsonb_build_object('units', 0) AS expected,
        jsonb_build_object('units', held.units, 'state', {STATE}) AS found
    FROM held {JOINED} WHERE {CAME_TO_NOTHING}
    ORDER BY 1 LIMIT :most
"""

POINTS: Mapping[Kind, str] = {
    Kind.POINTS_DIFFER: _POINTS_DIFFER,
    Kind.POINTS_HELD_FOR_NOTHING: _POINTS_HELD_FOR_NOTHING,
}
COUPONS: Mapping[Kind, str] = {
    Kind.COUPON_DIFFERS: _COUPON_DIFFERS,
    Kind.COUPON_HELD_FOR_NOTHING: _COUPON_HELD_FOR_NOTHING,
    Kind.COUPONS_ISSUED_DIFFER: _COUPONS_ISSUED_DIFFER,
}
OFFERS: Mapping[Kind, str] = {
    Kind.BUDGET_DIFFERS: _BUDGET_DIFFERS,
    Kind.BUDGET_HELD_FOR_NOTHING: _BUDGET_HELD_FOR_NOTHING,
    Kind.QUOTA_DIFFERS: _QUOTA_DIFFERS,
}
LIMITS: Mapping[Kind, str] = {
    Kind.LIMIT_DIFFERS: _LIMIT_DIFFERS,
    Kind.LIMIT_HELD_FOR_NOTHING: _LIMIT_HELD_FOR_NOTHING,
}
