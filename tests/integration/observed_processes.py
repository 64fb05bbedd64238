"""An API and a worker as processes of a test's own, on the session's servers but on another database and queue."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from devstack.children import Children
from devstack.events import unheard
from devstack.folder import DataFolder
from devstack.options import OWN_COMMAND
from devstack.ports import LOOPBACK, Ports
from devstack.programs import Programs
from devstack.roster import Roster
from devstack.stack import Stack
from tests.integration.order_worker import own_database
from tests.integration.trace_collector import Collector, collecting
from tests.shop import Shop, callers_of

_LONGEST = 60.0
_PATIENT_DRAIN = {"ORDERSAGA_API_DRAIN_SECONDS": "60"}


@dataclass
class Processes:
    """What runs, and where it writes and is scraped."""

    children: Children
    folder: DataFolder
    http: httpx.AsyncClient
    shop: Shop
    worker: str
    database: str

    def lines(self, part: str) -> list[dict[str, Any]]:
        """The log lines of a part, without the one that is being written."""
        written, _, _ = self.folder.log_of(part).read_text().rpartition("\n")
        return [json.loads(line) for line in written.splitlines() if line.startswith("{")]


@dataclass
class Observed:
    """Processes whose traces are collected."""

    processes: Processes
    collector: Collector


@asynccontextmanager
async def observing(stack: Stack, folder: Path) -> AsyncIterator[Observed]:
    with collecting() as collector:
        tracing = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "100"}
        async with running_processes(stack, folder, "observed", tracing) as processes:
            yield Observed(processes, collector)


@asynccontextmanager
async def running_processes(
    stack: Stack, folder: Path, database: str, environment: Mapping[str, str]
) -> AsyncIterator[Processes]:
    """`database` names the database and the task queue of these processes."""
    settings = await own_database(stack.addresses, database)
    data, ports = DataFolder(folder), Ports(0)
    data.prepare()
    for part in ("api", "metrics"):
        ports.take(part)
    url = f"http://{LOOPBACK}:{ports['api']}"
    decided = {
        **stack.environment,
        "ORDERSAGA_DATABASE_URL": settings.database_url.get_secret_value(),
        "ORDERSAGA_TASK_QUEUE": database,
        "ORDERSAGA_EVENTS__STREAM": database,
        "ORDERSAGA_API": url,
        "ORDERSAGA_API_PORT": str(ports["api"]),
        "ORDERSAGA_PUBLIC_URL": url,
        **_PATIENT_DRAIN,
        **environment,
    }
    programs = Programs(data, OWN_COMMAND, decided)
    children = Children(Roster(data.processes), unheard, lambda: None)
    try:
        async with asyncio.timeout(_LONGEST):
            await asyncio.gather(
                children.boot(programs.api), children.boot(partial(programs.worker, 1, ports["metrics"]))
            )
        async with callers_of(url) as http:
            shop = await Shop.open(stack, http)
            worker = f"http://{LOOPBACK}:{ports['metrics']}"
            yield Processes(children, data, http, shop, worker, decided["ORDERSAGA_DATABASE_URL"])
    finally:
        async with asyncio.timeout(_LONGEST):
            children.hurry()  # the API drains longer than anybody here wants to wait
            await children.stop(children.names)
