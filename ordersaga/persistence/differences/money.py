"""Orders against their payments, payments against their refunds, cases against both (R-PAY-1 … R-PAY-4, M8)."""

# ruff: noqa: S608 - the parts that are put together are our own
from collections.abc import Mapping

from ordersaga.domain.reconciliation import Kind

_PAID_STATES = """
    WITH paid_states AS (
        SELECT * FROM unnest(CAST(:order_types AS text[]), CAST(:table_versions AS int[]), CAST(:states AS text[]),
                             CAST(:instalments AS text[]), CAST(:surely AS boolean[]))
        AS t (order_type, table_version, state, instalment, surely)
    )
"""

_PAYMENT_MISSING = (
    _PAID_STATES
    + """, due AS (
        SELECT orders.order_no, paid_states.instalment, orders.currency, orders.state,
            CASE paid_states.instalment WHEN 'balance' THEN payable - due_now ELSE due_now END AS amount
        FROM orders JOIN paid_states USING (order_type, table_version, state)
        WHERE paid_states.surely AND orders.updated_at < :settled
    )
    SELECT due.order_no || '/' || due.instalment AS subject, due.order_no,
        jsonb_build_object('amount', due.amount, 'currency', due.currency) AS expected,
        jsonb_build_object('amount', coalesce(received_amount, 0),
                           'currency', coalesce(received_currency, due.currency), 'state', due.state) AS found
    FROM due LEFT JOIN payments
        ON payments.order_no = due.order_no AND payments.instalment = due.instalment AND payments.state = 'succeeded'
    WHERE due.amount > 0 AND (received_amount, received_currency) IS DISTINCT FROM (due.amount, due.currency::text)
    ORDER BY 1 LIMIT :most
"""
)

# Of an order that was refunded only its cases may have kept some.
_PAYMENT_NOT_TAKEN = (
    _PAID_STATES
    + """
    SELECT payments.payment_id AS subject, payments.order_no,
        jsonb_build_object('kept', 0, 'currency', received_currency) AS expected,
        jsonb_build_object('kept', received_amount - refunded, 'currency', received_currency, 'state', orders.state)
            AS found
    FROM payments JOIN orders USING (order_no) LEFT JOIN paid_states
        ON paid_states.order_type = orders.order_type AND paid_states.table_version = orders.table_version
        AND paid_states.state = orders.state AND paid_states.instalment = payments.instalment
    WHERE payments.state = 'succeeded' AND payments.refunded < received_amount AND orders.updated_at < :settled
        AND (paid_states.state IS NULL OR orders.state = 'refunded' AND NOT EXISTS (
            SELECT FROM after_sales_cases AS cases WHERE cases.order_no = orders.order_no
                AND cases.settlement IS NOT NULL
        ))
    ORDER BY 1 LIMIT :most
"""
)

_UNEXPECTED_MONEY_KEPT = """
    SELECT payments.payment_id AS subject, payments.order_no,
        jsonb_build_object('refunded', received_amount, 'currency', received_currency) AS expected,
        jsonb_build_object('refunded', refunded, 'currency', received_currency) AS found
    FROM payments JOIN orders USING (order_no)
    WHERE payments.state = 'unexpected' AND refunded < received_amount
        AND coalesce(payments.paid_at, payments.created_at) < :settled
        AND NOT EXISTS (
            SELECT FROM inbox WHERE inbox.subject = 'refund/' || payments.payment_id
                AND inbox.delivered_at IS NULL AND inbox.received_at >= :settled
        )
    ORDER BY 1 LIMIT :most
"""

_REFUNDED_DIFFERS = """
    WITH written AS (SELECT payment_id, sum(amount) AS amount FROM refunds GROUP BY payment_id)
    SELECT payments.payment_id AS subject, payments.order_no,
        jsonb_build_object('refunded', coalesce(written.amount, 0)) AS expected,
        jsonb_build_object('refunded', payments.refunded) AS found
    FROM payments LEFT JOIN written USING (payment_id)
    WHERE payments.refunded <> coalesce(written.amount, 0)
    ORDER BY 1 LIMIT :most
"""

_REFUNDS_EXCEED_PAYMENT = """
    WITH written AS (SELECT payment_id, sum(amount) AS amount FROM refunds GROUP BY payment_id)
    SELECT payments.payment_id AS subject, payments.order_no,
        jsonb_build_object('at_most', coalesce(received_amount, 0)) AS expected,
        jsonb_build_object('refunded', written.amount) AS found
    FROM written JOIN payments USING (payment_id)
    WHERE written.amount > coalesce(received_amount, 0)
    ORDER BY 1 LIMIT :most
"""

_REFUND_STUCK = """
    SELECT refund_no AS subject, order_no, jsonb_build_object('state', 'succeeded') AS expected,
        jsonb_build_object('state', state, 'tries', tries, 'since', updated_at) AS found
    FROM refunds WHERE state IN ('requested', 'sent') AND updated_at < :stuck
    ORDER BY 1 LIMIT :most
"""

_ORDER_REFUNDED_AND_WAITING = """
    SELECT order_no AS subject, order_no, jsonb_build_object('state', 'refunded') AS expected,
        jsonb_build_object('state', orders.state) AS found
    FROM orders WHERE orders.state = 'refunding' AND orders.updated_at < :settled AND NOT EXISTS (
        SELECT FROM refunds WHERE refunds.order_no = orders.order_no
            AND (refunds.state NOT IN ('succeeded', 'settled') OR refunds.updated_at >= :settled)
    ) AND NOT EXISTS (
        SELECT FROM after_sales_cases AS cases WHERE cases.order_no = orders.order_no
            AND (cases.state <> ALL(:closed) OR cases.updated_at >= :settled)
    )
    ORDER BY 1 LIMIT :most
"""

_CASE_REFUNDED_AND_WAITING = """
    SELECT case_no AS subject, order_no, jsonb_build_object('state', 'refunded') AS expected,
        jsonb_build_object('state', cases.state) AS found
    FROM after_sales_cases AS cases
    WHERE cases.state = 'refunding' AND cases.updated_at < :settled AND NOT EXISTS (
        SELECT FROM refunds WHERE refunds.case_no = cases.case_no
            AND (refunds.state NOT IN ('succeeded', 'settled') OR refunds.updated_at >= :settled)
    )
    ORDER BY 1 LIMIT :most
"""

_CASE_REFUNDS_DIFFER = """
    WITH written AS (SELECT case_no, sum(amount) AS amount FROM refunds WHERE case_no IS NOT NULL GROUP BY case_no)
    SELECT case_no AS subject, order_no,
        jsonb_build_object('money', coalesce((settlement->>'money')::bigint, 0)) AS expected,
        jsonb_build_object('money', coalesce(written.amount, 0), 'state', state) AS found
    FROM after_sales_cases LEFT JOIN written USING (case_no)
    WHERE coalesce((settlement->>'money')::bigint, 0) <> coalesce(written.amount, 0)
    ORDER BY 1 LIMIT :most
"""

# Before anything is given for them, a living case claims all of its units; one that is over only what was given for.
_CLAIMS_DIFFER = """
    WITH wanted AS (
        SELECT lines.case_no, sum(jsonb_array_length(lines.units)) AS units FROM after_sales_lines AS lines
        GROUP BY lines.case_no
    ), claimed AS (
        SELECT case_no, count(*) FILTER (WHERE state = 'claimed') AS claimed,
            count(*) FILTER (WHERE state <> 'claimed') AS given
        FROM claimed_units GROUP BY case_no
    )
    SELECT case_no AS subject, order_no,
        jsonb_build_object('claimed', CASE WHEN cases.state = ANY(:closed) THEN 0 ELSE wanted.units END) AS expected,
        jsonb_build_object('claimed', coalesce(claimed.claimed, 0), 'given_for', coalesce(claimed.given, 0),
                           'state', cases.state) AS found
    FROM after_sales_cases AS cases JOIN wanted USING (case_no) LEFT JOIN claimed USING (case_no)
    WHERE CASE
        WHEN cases.state IN ('withdrawn', 'closed') THEN claimed.case_no IS NOT NULL
        WHEN cases.state IN ('refunded', 'exchanged') THEN coalesce(claimed.claimed, 0) > 0
        WHEN cases.state IN ('refunding', 'replacing') THEN claimed.case_no IS NULL
        ELSE coalesce(claimed.claimed, 0) + coalesce(claimed.given, 0) <> wanted.units
    END
    ORDER BY 1 LIMIT :most
"""

PAYMENTS: Mapping[Kind, str] = {
    Kind.PAYMENT_MISSING: _PAYMENT_MISSING,
    Kind.PAYMENT_NOT_TAKEN: _PAYMENT_NOT_TAKEN,
    Kind.UNEXPECTED_MONEY_KEPT: _UNEXPECTED_MONEY_KEPT,
}
REFUNDS: Mapping[Kind, str] = {
    Kind.REFUNDED_DIFFERS: _REFUNDED_DIFFERS,
    Kind.REFUNDS_EXCEED_PAYMENT: _REFUNDS_EXCEED_PAYMENT,
    Kind.REFUND_STUCK: _REFUND_STUCK,
    Kind.ORDER_REFUNDED_AND_WAITING: _ORDER_REFUNDED_AND_WAITING,
    Kind.CASE_REFUNDED_AND_WAITING: _CASE_REFUNDED_AND_WAITING,
}
CASES: Mapping[Kind, str] = {
    Kind.CASE_REFUNDS_DIFFER: _CASE_REFUNDS_DIFFER,
    Kind.CLAIMS_DIFFER: _CLAIMS_DIFFER,
}
