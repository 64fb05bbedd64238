"""Counts of what activities did. Call it after the transaction: what was rolled back did not happen."""

from temporalio import activity

from ordersaga.domain.lifecycle.registry import ORDER_TYPES
from ordersaga.gateways import metrics

_ORDER_TYPE = {kind.workflow: name for name, kind in ORDER_TYPES.items()}


def count_transition(action: str) -> None:
    """A transition of the order whose run asked for this activity."""
    run = activity.info().workflow_type if activity.in_activity() else None
    metrics.TRANSITIONS.labels(order_type=_ORDER_TYPE.get(run or "", "unknown"), action=action).inc()
