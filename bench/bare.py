"""The floor under submit and life: a workflow that does nothing but take the same messages.

`python -m bench.bare` is its worker, a process of its own with the settings of the project's worker. Nothing else is
in it: no step, no database, no search attribute. What it costs is what the engine costs for the messages alone, and a
byte on standard output, a file, for each message taken: by the file's size senders know when to go on.
"""

import asyncio
import os
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import IO

import psutil
from temporalio import workflow
from temporalio.client import Client, WithStartWorkflowOperation, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import GrpcCompression
from temporalio.worker import PollerBehaviorSimpleMaximum, UnsandboxedWorkflowRunner, Worker

from bench.load import Burst, Call, burst
from devstack.ready import Addresses
from devstack.stack import Stack
from devstack.temporal import pollers
from ordersaga.gateways.temporal import connect
from ordersaga.settings import WorkerSettings, get_settings

TASK_QUEUE = "bare"
_PATIENCE = timedelta(seconds=60)
_PAUSE = 0.005
_STANDARD_OUTPUT = 1


@workflow.defn(name="Bare")
class Bare:
    """Answers its updates at once, and is done when it was told so often as it began with."""

    @workflow.init
    def __init__(self, messages: int) -> None:
        self._left = messages

    @workflow.run
    async def run(self, messages: int) -> None:
        await workflow.wait_condition(lambda: self._left <= 0 and workflow.all_handlers_finished())

    @workflow.update
    async def place(self) -> bool:
        """The one that starts the run; it is not among the messages that are counted."""
        return True

    @workflow.update
    async def ask(self) -> bool:
        self._take()
        return True

    @workflow.signal
    def tell(self) -> None:
        self._take()

    def _take(self) -> None:
        self._left -= 1
        if not workflow.unsafe.is_replaying():
            os.write(_STANDARD_OUTPUT, b".")


@dataclass(frozen=True, slots=True)
class BareRuns:
    """Starts bare runs and sends them messages. `pid` is the worker's, `taken` the file that grows by what it takes."""

    client: Client
    pid: int
    taken: IO[bytes]

    async def place(self, messages: int) -> tuple[WorkflowHandle[Bare, None], float]:
        """A run that ends after so many further messages, and how many seconds its first update took."""
        operation = WithStartWorkflowOperation(
            Bare.run,
            messages,
            id=f"bare/{secrets.token_hex(8)}",
            task_queue=TASK_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
        )
        began = time.perf_counter()
        await self.client.execute_update_with_start_workflow(
            Bare.place, start_workflow_operation=operation, rpc_timeout=_PATIENCE
        )
        took = time.perf_counter() - began
        return await operation.workflow_handle(), took

    async def burst(self, runs: int, concurrency: int) -> Burst:
        """So many whole runs: start with update, one signal, done. Latencies are those of the update."""
        placed: list[WorkflowHandle[Bare, None]] = []

        async def place_and_tell() -> float:
            run, took = await self.place(1)
            await run.signal(Bare.tell)
            placed.append(run)
            return took

        began = time.perf_counter()
        told = await burst([place_and_tell] * runs, concurrency)
        for run in placed[-2 * concurrency :]:
            await run.result()
        return Burst(time.perf_counter() - began, told.latencies)

    async def lives(self, runs: int, concurrency: int, *, signals: int, updates: int) -> float:
        """So many whole runs, each message sent when all have taken the one before; how many seconds that took."""
        placed: list[WorkflowHandle[Bare, None]] = []

        async def place() -> None:
            run, _ = await self.place(signals + updates)
            placed.append(run)

        began = time.perf_counter()
        await burst([place] * runs, concurrency)
        for _ in range(signals):
            await self._taken([partial(run.signal, Bare.tell) for run in placed], concurrency)
        for _ in range(updates):
            await self._taken([partial(run.execute_update, Bare.ask) for run in placed], concurrency)
        for run in placed[-2 * concurrency :]:
            await run.result()
        return time.perf_counter() - began

    async def _taken(self, messages: Sequence[Call], concurrency: int) -> None:
        """Send messages, and wait until all were taken."""
        wanted = self._size() + len(messages)
        await burst(messages, concurrency)
        for _ in range(int(_PATIENCE.total_seconds() / _PAUSE)):
            if self._size() >= wanted:
                return
            await asyncio.sleep(_PAUSE)
        raise TimeoutError("the floor's worker does not take what it is told")

    def _size(self) -> int:
        return os.fstat(self.taken.fileno()).st_size


@asynccontextmanager
async def bare_runs(stack: Stack) -> AsyncIterator[BareRuns]:
    """A worker for bare runs beside the stack's own, on the same server."""
    addresses = stack.addresses
    environment = {**os.environ, **stack.environment}
    with tempfile.TemporaryFile() as taken:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "bench.bare", env=environment, stdout=taken
        )
        try:
            await _polls(process.pid, addresses)
            client = await Client.connect(
                addresses.temporal, namespace=addresses.namespace, grpc_compression=GrpcCompression.NONE
            )
            yield BareRuns(client, process.pid, taken)
        finally:
            if psutil.pid_exists(process.pid):
                process.send_signal(signal.SIGTERM)
            await process.wait()


async def _polls(pid: int, addresses: Addresses) -> None:
    """Wait until the worker asks for work."""
    for _ in range(20 * int(_PATIENCE.total_seconds())):
        known = await pollers(addresses.temporal, TASK_QUEUE, addresses.namespace)
        if any(identity.startswith(f"{pid}@") for identity in known):
            return
        await asyncio.sleep(0.05)
    raise TimeoutError("the floor's worker does not poll")


async def serve(settings: WorkerSettings) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with Worker(
        await connect(),
        task_queue=TASK_QUEUE,
        workflows=[Bare],
        workflow_runner=UnsandboxedWorkflowRunner(),
        max_concurrent_workflow_tasks=settings.workflow_task_slots,
        max_concurrent_activities=settings.activity_slots,
        workflow_task_poller_behavior=PollerBehaviorSimpleMaximum(settings.workflow_task_pollers),
        activity_task_poller_behavior=PollerBehaviorSimpleMaximum(settings.activity_pollers),
    ):
        await stopped.wait()


if __name__ == "__main__":
    import uvloop

    uvloop.run(serve(get_settings().worker))
