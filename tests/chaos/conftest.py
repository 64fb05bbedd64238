"""What these tests break: one stack of their own, with few slots and little patience, so that nothing hides."""

import os
from collections.abc import AsyncIterator

import pytest

from devstack.options import StackOptions
from devstack.stack import Stack
from tests.shop import Shop, callers_of

LONG = os.environ.get("ORDERSAGA_CHAOS") == "long"
"""`ORDERSAGA_CHAOS=long pytest tests/chaos`: minutes of outage and of chaos instead of seconds."""

_LONGEST = 100.0
_ENVIRONMENT = {
    "ORDERSAGA_POLICIES": '{"standard": {"payment_seconds": 9, "closing_payment_seconds": 5, "confirm_seconds": 6,'
    ' "after_sales_seconds": 1}}',
    "ORDERSAGA_WORKER__WORKFLOW_TASK_SLOTS": "4",
    "ORDERSAGA_SUBMIT_DEADLINE_SECONDS": "4",
    "ORDERSAGA_REQUEST_DEADLINE_SECONDS": "5",
}


@pytest.fixture(scope="session")
async def frail(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    options = StackOptions(
        data_dir=tmp_path_factory.mktemp("frail") / "data", port=0, simulate=False, environment=_ENVIRONMENT
    )
    async with Stack(options) as stack:
        yield stack


@pytest.fixture
async def frail_shop(frail: Stack) -> AsyncIterator[Shop]:
    async with callers_of(frail.addresses.api) as http:
        yield await Shop.open(frail, http)
