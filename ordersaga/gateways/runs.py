"""The runs that Temporal has of us: which are open, and one that was ended taken up again (W3)."""

import uuid
from collections.abc import AsyncIterator

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

_PAGE = 1000
_UNLAWFULLY_ENDED = frozenset(
    {
        WorkflowExecutionStatus.TERMINATED,
        WorkflowExecutionStatus.FAILED,
        WorkflowExecutionStatus.CANCELED,
        WorkflowExecutionStatus.TIMED_OUT,
    }
)


_CHILD_ENDS = {
    EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED: "child_workflow_execution_completed_event_attributes",
    EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED: "child_workflow_execution_failed_event_attributes",
    EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED: "child_workflow_execution_canceled_event_attributes",
    EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TIMED_OUT: "child_workflow_execution_timed_out_event_attributes",
    EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TERMINATED: "child_workflow_execution_terminated_event_attributes",
}


class RunUnknown(Exception):
    """Temporal has no run of this id that could be taken up: none was, it came to its end, or it was forgotten."""


class OpenRuns:
    """The runs of one task queue: others of the namespace belong to other databases."""

    def __init__(self, client: Client, task_queue: str) -> None:
        self.client = client
        self.task_queue = task_queue

    async def ids(self, prefix: str) -> AsyncIterator[str]:
        """The ids of open runs, as the index knows them: a moment late."""
        query = f"ExecutionStatus = 'Running' AND TaskQueue = '{self.task_queue}' AND WorkflowId STARTS_WITH '{prefix}'"
        async for run in self.client.list_workflows(query, page_size=_PAGE):
            yield run.id

    async def status(self, workflow_id: str) -> str | None:
        """How the last run of this id is, now: `running`, `terminated` …; `None` for one that is not known."""
        try:
            described = await self.client.get_workflow_handle(workflow_id).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return None
            raise
        return described.status.name.lower() if described.status else None

    async def take_up(self, workflow_id: str) -> None:
        """Let a run that was ended go on from its last task, its timers and what it has heard included.

        Nothing happens to one that runs. Raises `RunUnknown`.
        """
        handle = self.client.get_workflow_handle(workflow_id)
        try:
            described = await handle.describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                raise RunUnknown(workflow_id) from error
            raise
        if described.status is WorkflowExecutionStatus.RUNNING:
            return
        last = await _last_task(handle) if described.status in _UNLAWFULLY_ENDED else None
        if last is None:
            raise RunUnknown(workflow_id)
        await self.client.workflow_service.reset_workflow_execution(
            ResetWorkflowExecutionRequest(
                namespace=self.client.namespace,
                workflow_execution=WorkflowExecution(workflow_id=workflow_id, run_id=described.run_id),
                reason="taken up again by an operator",
                workflow_task_finish_event_id=last,
                # The same run is taken up once, however often that is asked.
                request_id=str(uuid.uuid5(uuid.NAMESPACE_URL, f"{workflow_id}/{described.run_id}")),
            )
        )


async def _last_task(handle: "WorkflowHandle[object, object]") -> int | None:
    """The number of the last workflow task's end in a run's history, before the first child that did not end.

    Children are ended with their parent, and nobody would tell it: it begins them again.
    """
    tasks: list[int] = []
    children: set[int] = set()
    async for event in handle.fetch_history_events():
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
            tasks.append(event.event_id)
        elif event.event_type == EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED:
            children.add(event.event_id)
        else:
            ended = getattr(event, _CHILD_ENDS.get(event.event_type, ""), None)
            children.discard(ended.initiated_event_id if ended is not None else 0)
    return max((task for task in tasks if not children or task < min(children)), default=None)
