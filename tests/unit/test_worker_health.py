"""A worker is well when the server says that its host polls, and lately."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.taskqueue.v1 import PollerInfo
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, DescribeTaskQueueResponse
from temporalio.client import Client

from worker.health import FRESH, polls


def server(identity: str, age: timedelta) -> Client:
    seen = Timestamp()
    seen.FromDatetime(datetime.now(UTC) - age)

    async def describe_task_queue(
        request: DescribeTaskQueueRequest, *, timeout: timedelta
    ) -> DescribeTaskQueueResponse:
        assert (request.namespace, request.task_queue.name) == ("shop", "orders")
        return DescribeTaskQueueResponse(pollers=[PollerInfo(identity=identity, last_access_time=seen)])

    service = SimpleNamespace(describe_task_queue=describe_task_queue)
    return cast(Client, SimpleNamespace(namespace="shop", workflow_service=service))


@pytest.mark.parametrize(
    ("identity", "age", "well"),
    [
        ("7@c0ffee", timedelta(seconds=60), True),
        ("7@c0ffee", FRESH + timedelta(seconds=1), False),
        ("7@decaf0", timedelta(seconds=1), False),
    ],
    ids=["polls", "polled once", "another container"],
)
async def test_only_a_fresh_poll_of_this_host_counts(identity: str, age: timedelta, well: bool) -> None:
    assert await polls(server(identity, age), "orders", host="c0ffee") is well
