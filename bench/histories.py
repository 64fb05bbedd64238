"""What runs leave in Temporal: the events of their histories, and what Temporal Cloud bills for them."""

from collections import Counter
from dataclasses import dataclass

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHistory
from temporalio.service import RPCError, RPCStatusCode

from ordersaga.domain.messages import order_workflow_id, parcel_workflow_id

_CHILD = EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED
_MARKER = EventType.EVENT_TYPE_MARKER_RECORDED
_BILLED = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED: 1,
    _CHILD: 1,  # and the start that follows is one of the child's own
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED: 1,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED: 1,
    EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES: 1,
    EventType.EVENT_TYPE_TIMER_STARTED: 1,
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED: 1,
}
"""After Temporal's page on Cloud Actions; the local activities of one workflow task are one more, however many."""
_TURNED = frozenset(
    {
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED,
    }
)
"""Of a clock that was turned: no order has these."""
_TASK = "WORKFLOW_TASK_COMPLETED"
_STUMBLES = "WORKFLOW_TASK_FAILED", "WORKFLOW_TASK_TIMED_OUT"


@dataclass(frozen=True, slots=True)
class Left:
    """Events by type, bytes of the histories, and billed actions."""

    events: Counter[str]
    bytes: int
    actions: int

    @property
    def tasks(self) -> int:
        """Workflow tasks."""
        return self.events[_TASK]

    @property
    def stumbles(self) -> int:
        """Workflow tasks that had to be done again: by chance, like a clock that was turned while a run ended."""
        return sum(self.events[name] for name in _STUMBLES)


async def left_by(client: Client, order_no: str) -> Left:
    """By an order of one parcel, and that."""
    return await left_in(client, order_workflow_id(order_no), parcel_workflow_id(f"{order_no}-1"))


async def left_in(client: Client, *runs: str) -> Left:
    """In these runs, as far as they have begun, and their children."""
    events: Counter[str] = Counter()
    size = actions = 0
    todo = list(dict.fromkeys(runs))
    for run in todo:
        history = await _history(client, run)
        for event in history.events:
            if event.event_type == _CHILD:
                child = event.start_child_workflow_execution_initiated_event_attributes.workflow_id
                todo.extend({child} - set(todo))
            if event.event_type not in _TURNED:
                events[EventType.Name(event.event_type).removeprefix("EVENT_TYPE_")] += 1
                size += event.ByteSize()
        actions += _billed(history)
    return Left(events, size, actions)


async def _history(client: Client, run: str) -> WorkflowHistory:
    try:
        return await client.get_workflow_handle(run).fetch_history()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return WorkflowHistory(run, [])
        raise


def _billed(history: WorkflowHistory) -> int:
    marked = {
        event.marker_recorded_event_attributes.workflow_task_completed_event_id
        for event in history.events
        if event.event_type == _MARKER
    }
    return len(marked) + sum(_BILLED.get(event.event_type, 0) for event in history.events)
