"""The stack that tests of this folder break."""

from collections.abc import AsyncIterator

import pytest

from devstack.stack import Stack
from tests.e2e.broken_stack import running


@pytest.fixture(scope="session")
async def fragile(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """Whoever kills a part of it starts that again. `tests/scheduling.py` names the files that share it."""
    async with running(tmp_path_factory.mktemp("fragile") / "data") as stack:
        yield stack
