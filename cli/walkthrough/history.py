"""What an order cost in Temporal: the events of its run, and the workflow tasks until it was placed."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client

from devstack.ready import Addresses
from ordersaga.domain.messages import order_workflow_id, parcel_workflow_id

MOST_EVENTS = 60


@dataclass(frozen=True, slots=True)
class RunCost:
    """History events of the run and of each parcel's; workflow tasks up to the answer of the submit."""

    events: int
    submit_tasks: int
    parcels: tuple[int, ...]


async def run_cost(addresses: Addresses, order_no: str, parcel_nos: Sequence[str], *, timeout: float = 15.0) -> RunCost:
    """Read the histories of an order that has ended, and of its parcels."""
    async with asyncio.timeout(timeout):
        client = await Client.connect(addresses.temporal, namespace=addresses.namespace)
        own = await _event_types(client, order_workflow_id(order_no))
        parcels = [len(await _event_types(client, parcel_workflow_id(number))) for number in parcel_nos]
    return RunCost(len(own), _tasks_until_placed(own), tuple(parcels))


async def _event_types(client: Client, workflow_id: str) -> list[int]:
    handle = client.get_workflow_handle(workflow_id)
    # Completed in the database a moment before the run itself is closed.
    await handle.result()
    history = await handle.fetch_history()
    return [event.event_type for event in history.events]


def _tasks_until_placed(types: Sequence[int]) -> int:
    placed = types.index(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED)
    return types[:placed].count(EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED)
