"""Runs beside those of orders: whoever needs one first begins it, by a signal or an update (P1, R-REV-7, R-FUL-1)."""

from dataclasses import dataclass
from datetime import timedelta

from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import TypedSearchAttributes, WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

# A run that came to its end is done; one that somebody terminated is not, and begins again where its subject stands.
_REUSE = WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """What a run begins with, and the signal that begins it."""

    workflow: str
    workflow_id: str
    start: object
    signal: str
    summary: str
    search_attributes: TypedSearchAttributes | None = None


async def begin(client: Client, run: Neighbour, *, task_queue: str, patience: timedelta) -> bool:
    """Signal the run, having started it unless it is there; `False` when it has come to its end."""
    try:
        await client.start_workflow(
            run.workflow,
            run.start,
            id=run.workflow_id,
            task_queue=task_queue,
            id_reuse_policy=_REUSE,
            start_signal=run.signal,
            static_summary=run.summary,
            search_attributes=run.search_attributes,
            rpc_timeout=patience,
        )
    except WorkflowAlreadyStartedError:
        return False
    return True


def beginning(run: Neighbour, *, task_queue: str) -> WithStartWorkflowOperation[object, object]:
    """For an update that starts the run where it has not begun, or somebody ended it."""
    return WithStartWorkflowOperation(
        run.workflow,
        run.start,
        id=run.workflow_id,
        task_queue=task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=_REUSE,
        static_summary=run.summary,
        search_attributes=run.search_attributes,
    )
