"""What one order leaves in Temporal: events of its run and of its parcels' runs, and what Temporal Cloud bills them."""

from collections import Counter
from dataclasses import dataclass

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHistory

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


@dataclass(frozen=True, slots=True)
class Left:
    """Events by type, bytes of the histories, and billed actions."""

    events: Counter[str]
    bytes: int
    actions: int


async def left_by(client: Client, order_no: str) -> Left:
    handles = [client.get_workflow_handle(f"order/{order_no}")]
    events: Counter[str] = Counter()
    size = actions = 0
    for handle in handles:
        history = await handle.fetch_history()
        for event in history.events:
            events[EventType.Name(event.event_type).removeprefix("EVENT_TYPE_")] += 1
            if event.event_type == _CHILD:
                child = event.start_child_workflow_execution_initiated_event_attributes.workflow_id
                handles.append(client.get_workflow_handle(child))
        size += sum(event.ByteSize() for event in history.events)
        actions += _billed(history)
    return Left(events, size, actions)


def _billed(history: WorkflowHistory) -> int:
    marked = {
        event.marker_recorded_event_attributes.workflow_task_completed_event_id
        for event in history.events
        if event.event_type == _MARKER
    }
    return len(marked) + sum(_BILLED.get(event.event_type, 0) for event in history.events)
