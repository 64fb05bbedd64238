"""Replacing: the order that an exchange ends in is a run of its own, which outlives the case (R-REV-6)."""

from temporalio import workflow
from temporalio.common import SearchAttributePair, TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.workflow import ChildWorkflowCancellationType, ParentClosePolicy

from ordersaga.contracts.after_sales import Replacement
from ordersaga.contracts.search_attributes import BUYER, MERCHANTS, ORDER_NO, ORDER_STATUS, ORDER_TYPE
from ordersaga.domain.lifecycle.registry import order_type
from ordersaga.domain.messages import order_workflow_id


async def begin(replacement: Replacement) -> None:
    """Start the replacement's run, unless it runs or came to its end. One that somebody ended has placed nothing."""
    start = replacement.start
    attributes = TypedSearchAttributes(
        [
            SearchAttributePair(ORDER_NO, start.order_no),
            SearchAttributePair(BUYER, replacement.buyer),
            SearchAttributePair(MERCHANTS, replacement.merchant_ids),
            SearchAttributePair(ORDER_TYPE, start.order_type),
            SearchAttributePair(ORDER_STATUS, order_type(start.order_type).version(start.table_version).initial),
        ]
    )
    try:
        await workflow.start_child_workflow(
            replacement.workflow,
            start,
            id=order_workflow_id(start.order_no),
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
            parent_close_policy=ParentClosePolicy.ABANDON,
            cancellation_type=ChildWorkflowCancellationType.ABANDON,
            static_summary=f"{start.order_no} · exchange",
            search_attributes=attributes,
        )
    except WorkflowAlreadyStartedError:
        return
