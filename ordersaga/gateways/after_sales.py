"""How a case's run is begun: by what changes the case, as often as anybody likes (R-REV-7)."""

from datetime import timedelta

from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError

from ordersaga.contracts.search_attributes import ORDER_NO, ORDER_STATUS
from ordersaga.domain.after_sales.case import order_no_of
from ordersaga.domain.lifecycle.after_sales import INITIAL
from ordersaga.domain.messages import AFTER_SALES_WORKFLOW, CASE_CHANGED, CaseStart, case_workflow_id

# A run that came to its end is done; one that somebody terminated is not, and begins again where the case stands.
_REUSE = WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY


async def begin(client: Client, case_no: str, *, task_queue: str, patience: timedelta) -> bool:
    """Signal the run of this case, having started it unless it is there; `False` when it is done."""
    try:
        await client.start_workflow(
            AFTER_SALES_WORKFLOW,
            CaseStart(case_no=case_no),
            id=case_workflow_id(case_no),
            task_queue=task_queue,
            id_reuse_policy=_REUSE,
            start_signal=CASE_CHANGED,
            static_summary=_summary(case_no),
            search_attributes=_attributes(case_no),
            rpc_timeout=patience,
        )
    except WorkflowAlreadyStartedError:
        return False
    return True


def beginning(case_no: str, *, task_queue: str) -> WithStartWorkflowOperation[object, object]:
    """For an update that starts the run where it has not begun, or somebody ended it."""
    return WithStartWorkflowOperation(
        AFTER_SALES_WORKFLOW,
        CaseStart(case_no=case_no),
        id=case_workflow_id(case_no),
        task_queue=task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=_REUSE,
        static_summary=_summary(case_no),
        search_attributes=_attributes(case_no),
    )


def _attributes(case_no: str) -> TypedSearchAttributes:
    return TypedSearchAttributes(
        [SearchAttributePair(ORDER_NO, order_no_of(case_no)), SearchAttributePair(ORDER_STATUS, INITIAL)]
    )


def _summary(case_no: str) -> str:
    return f"After-sales case {case_no}"
