"""Whether this host's worker polls, asked of the server: `python -m worker.health` ends with 0 or 1.

A worker has no port, and a process that lives may still be stuck or cut off. So a health check asks the one who knows.
"""

import asyncio
import os
import socket
import sys
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from ordersaga.gateways.temporal import connect
from ordersaga.settings import get_settings

FRESH = timedelta(seconds=100)
"""A poll waits for a minute at most, and the server remembers pollers for five."""


async def polls(client: Client, task_queue: str, *, host: str) -> bool:
    """Whether a worker of `host` has asked for workflow tasks lately; an SDK's default identity is `<pid>@<host>`."""
    request = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=task_queue),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    answer = await client.workflow_service.describe_task_queue(request, timeout=timedelta(seconds=4))
    since = datetime.now(UTC) - FRESH
    return any(
        poller.identity.endswith(f"@{host}") and poller.last_access_time.ToDatetime(UTC) > since
        for poller in answer.pollers
    )


async def _ask() -> str | None:
    host, task_queue = socket.gethostname(), get_settings().task_queue
    try:
        well = await polls(await connect(), task_queue, host=host)
    except Exception as error:
        return f"Temporal did not answer: {error!r}"
    return None if well else f"no worker of {host} polls {task_queue}"


def main() -> None:
    wrong = asyncio.run(_ask())
    if wrong:
        print(wrong, file=sys.stderr, flush=True)
    # Not sys.exit: the SDK's threads may outlive the interpreter, and a check must not end with a signal.
    os._exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
