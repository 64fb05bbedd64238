"""Counts of what activities did. Call it after the transaction: what was rolled back did not happen."""

from temporalio import activity

from ordersaga.domain.lifecycle.registry import ORDER_TYPES
from ordersaga.gateways import metrics


def count_transition(action: str) -> None:
    """A transition of the order whose run asked for this activity."""
    run = activity.info().workflow_type if activity.in_activity() else None
    order_type = next((name for name, kind in ORDER_TYPES.items() if kind.workflow == run), "unknown")
    metrics.TRANSITIONS.labels(order_type=order_type, action=action).inc()
