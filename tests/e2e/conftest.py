"""What tests of this folder share: the stack that they break, and orders that wait for them."""

from collections.abc import AsyncIterator

import httpx
import pytest

from devstack.stack import Stack
from tests.e2e.broken_stack import running
from tests.e2e.unhurried import UnhurriedShop, placing


@pytest.fixture(scope="session")
async def fragile(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """Whoever kills a part of it starts that again. `tests/scheduling.py` names the files that share it."""
    async with running(tmp_path_factory.mktemp("fragile") / "data") as stack:
        yield stack


@pytest.fixture(scope="session")
async def places_at(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    """Connections to the API that places unhurried orders."""
    async with placing(stack) as http:
        yield http


@pytest.fixture
async def unhurried(stack: Stack, http: httpx.AsyncClient, places_at: httpx.AsyncClient) -> UnhurriedShop:
    """A shop of this test's own, of whose orders no deadline passes while the test lasts."""
    return await UnhurriedShop.opens(stack, http, places_at)
