"""A run that cannot go on: no worker knows its workflow. One for the whole session, since trouble takes a while."""

from typing import Any

from temporalio.client import Client, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy

from ordersaga.domain.messages import TASK_QUEUE


async def troubled_run(client: Client) -> WorkflowHandle[Any, Any]:
    """Its tasks fail at once, and again and again ten and more seconds apart."""
    return await client.start_workflow(
        "NobodyKnowsMe",
        id="nobody/knows-me",
        task_queue=TASK_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
    )
