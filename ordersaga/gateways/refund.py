"""How a refund's run is begun: by a signal that starts it, as often as anybody likes (P1)."""

from datetime import timedelta

from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from ordersaga.domain.messages import REFUND_DUE, REFUND_WORKFLOW, RefundStart, refund_workflow_id

# A run that came to its end is done; one that somebody terminated is not, and begins again where the refund stands.
_REUSE = WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY


async def begin(client: Client, subject: str, *, task_queue: str, patience: timedelta) -> bool:
    """Signal the run of a refund (`Refund.run`), having started it unless it is there; `False` when it is done."""
    try:
        await client.start_workflow(
            REFUND_WORKFLOW,
            RefundStart(payment_id=subject),
            id=refund_workflow_id(subject),
            task_queue=task_queue,
            id_reuse_policy=_REUSE,
            start_signal=REFUND_DUE,
            static_summary=_summary(subject),
            rpc_timeout=patience,
        )
    except WorkflowAlreadyStartedError:
        return False
    return True


def beginning(subject: str, *, task_queue: str) -> WithStartWorkflowOperation[object, object]:
    """For an update that starts the run where somebody ended it."""
    return WithStartWorkflowOperation(
        REFUND_WORKFLOW,
        RefundStart(payment_id=subject),
        id=refund_workflow_id(subject),
        task_queue=task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=_REUSE,
        static_summary=_summary(subject),
    )


def _summary(subject: str) -> str:
    return f"Refund {subject}"
