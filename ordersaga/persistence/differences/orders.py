"""Parts of queries that several checks share: what is held for an order that is over, or that never came to be.

A query gives `subject`, `order_no`, `expected`, `found` and, where it has one, `concerns_at`, in the order of the
subjects. Its parameters are those of `Horizon`, the states in which orders and cases are over, the numbers `kept` for
replacements that living cases will end in, and `most`.
"""

JOINED = """
    LEFT JOIN orders ON orders.order_no = held.order_no
    LEFT JOIN submissions ON submissions.order_no = held.order_no
"""

NEVER_PLACED = """
    (orders.order_no IS NULL AND submissions.placed IS NOT TRUE
        AND coalesce(submissions.received_at, '-infinity') < :abandoned
        AND held.order_no <> ALL(:kept))
"""

OVER = f"((orders.state = ANY(:final) AND orders.updated_at < :settled) OR {NEVER_PLACED})"

CAME_TO_NOTHING = f"((orders.state = ANY(:nothing) AND orders.updated_at < :settled) OR {NEVER_PLACED})"

STATE = "coalesce(orders.state, 'never placed')"

OF_ORDER = "coalesce(parcels.order_no, cases.order_no, movements.source_document)"
"""The order that a stock movement's document belongs to: the order itself, one of its parcels or cases."""

MOVEMENTS = """
    stock_movements AS movements
    LEFT JOIN parcels ON parcels.parcel_no = movements.source_document
    LEFT JOIN after_sales_cases AS cases ON cases.case_no = movements.source_document
"""
