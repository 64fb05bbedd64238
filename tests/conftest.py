"""What the whole session shares: one embedded stack, started when the first test asks for it."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from cli.ending import end
from devstack.options import StackOptions
from devstack.stack import Stack
from tests.scheduling import SharedStackScheduling
from tests.shop import Shop, callers_of

_EXIT_STATUS = pytest.StashKey[int]()
_LONGEST = 110.0
_PATIENT = {
    "standard": {"confirm_seconds": 8, "after_sales_seconds": 6}
    | dict.fromkeys(
        (
            "astray_seconds",
            "claim_review_seconds",
            "consent_seconds",
            "escalation_seconds",
            "return_seconds",
            "stop_seconds",
        ),
        60,
    ),
    "digital": {"after_sales_seconds": 30},
}
"""A busy machine takes its time, and nobody here waits until somebody else has said nothing for too long."""
_FIRST = (
    "e2e/test_lost_steps.py",
    "e2e/test_crashes.py",
    "integration/test_devstack_up.py",
    "chaos/test_survival.py",
    "integration/test_flash_sale_rush.py",
    "security/test_fuzz.py",
    "chaos/test_chaos.py",
    "e2e/test_replay_orders.py",
    "integration/test_reconciliation.py",
    "integration/test_offers_contended.py",
    "integration/test_workflow_exchange.py",
    "integration/test_workflow_presale.py",
)
"""The files that take longest, which no process should begin when the others are done."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ranks = {Path(__file__).parent / name: rank for rank, name in enumerate(_FIRST)}
    items.sort(key=lambda item: ranks.get(item.path, len(ranks)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> SharedStackScheduling | None:
    return SharedStackScheduling(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.stash[_EXIT_STATUS] = exitstatus


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Tests talk to Temporal from this very process, so it ends as the command does: see `cli.ending`."""
    if "temporalio.client" in sys.modules:
        end(int(config.stash.get(_EXIT_STATUS, 0)))


@pytest.fixture(scope="session")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """Real PostgreSQL, Valkey and Temporal, migrated and seeded, with the API and a worker as processes of their own.

    Tests share it, so each makes its own goods and buyers; whoever wants the servers alone takes `stack.addresses`.
    """
    options = StackOptions(
        data_dir=tmp_path_factory.mktemp("stack") / "data",
        port=0,
        profile="demo",
        simulate=False,
        time_skipping=True,
        environment={
            "ORDERSAGA_AUDIT__CHECKPOINT_SECONDS": "3",
            "ORDERSAGA_POLICIES": json.dumps(_PATIENT),
        },
    )
    stack = Stack(options)
    async with asyncio.timeout(_LONGEST):
        await stack.start()
    yield stack
    async with asyncio.timeout(_LONGEST):
        await stack.stop()


@pytest.fixture(scope="session")
async def http(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    """Connections to the session's API."""
    async with callers_of(stack.addresses.api) as client:
        yield client


@pytest.fixture(scope="session")
async def temporal(stack: Stack) -> Client:
    """Temporal as its operators reach it."""
    return await Client.connect(stack.addresses.temporal, namespace=stack.addresses.namespace)


@pytest.fixture
async def shop(stack: Stack, http: httpx.AsyncClient) -> Shop:
    """A shop of this test's own: its goods, buyers, merchants and warehouses are nobody else's."""
    return await Shop.open(stack, http)
