"""An API and a worker on a database of their own: what fuzzing writes there, other tests never meet."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]  # it ships no types

from devstack.children import Children
from devstack.events import unheard
from devstack.folder import DataFolder
from devstack.ports import LOOPBACK, Ports
from devstack.programs import Programs
from devstack.roster import Roster
from devstack.stack import Stack
from tests.integration.order_worker import own_database

_NAME = "fuzzed"
_LONGEST = 100.0


_LIFT = """
    UPDATE purchase_limits SET enabled = false;
    UPDATE risk_rules SET enabled = false;
    DELETE FROM block_lists;
"""


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """Where it is to be found, itself and its database."""

    url: str
    database: str

    async def lift(self) -> None:
        """Lift whatever limit or rule was entered, so that what comes next is not refused for it."""
        server = await asyncpg.connect(self.database, timeout=10)
        await server.execute(_LIFT, timeout=30)
        await server.close(timeout=10)


@asynccontextmanager
async def fuzzed_api(stack: Stack, root: Path) -> AsyncIterator[Fuzzed]:
    """The servers are the session's; the database, the task queue and the processes are not."""
    settings = await own_database(stack.addresses, _NAME)
    ports, folder = Ports(0), DataFolder(root)
    for part in ("api", "metrics"):
        ports.take(part)
    folder.prepare()
    url = f"http://{LOOPBACK}:{ports['api']}"
    database = settings.database_url.get_secret_value()
    decided = {
        "ORDERSAGA_DATABASE_URL": database,
        "ORDERSAGA_REDIS_URL": f"{stack.addresses.redis.rpartition('/')[0]}/1",
        "ORDERSAGA_API_PORT": str(ports["api"]),
        "ORDERSAGA_PUBLIC_URL": url,
        "ORDERSAGA_TASK_QUEUE": _NAME,
        "ORDERSAGA_EVENTS__STREAM": _NAME,
        "ORDERSAGA_PROFILE": "production",  # what an operation is tried on stays as it is until it was tried
        "ORDERSAGA_SUBMIT_DEADLINE_SECONDS": "20",  # a busy machine is no reason to be asked to come again
        "ORDERSAGA_REQUEST_DEADLINE_SECONDS": "25",
    }
    programs = Programs(folder, stack.options.command, stack.environment | decided)
    children = Children(Roster(folder.processes), unheard, lambda: None)
    try:
        async with asyncio.timeout(_LONGEST):
            await asyncio.gather(
                children.boot(programs.api), children.boot(partial(programs.worker, 1, ports["metrics"]))
            )
        yield Fuzzed(url, database)
    finally:
        async with asyncio.timeout(_LONGEST):
            await children.stop(children.names)
