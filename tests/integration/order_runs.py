"""An order's run as its tests meet it: asked, told that time passes, and on a network that fails when it is told to."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import TimeSkipper

from ordersaga.domain.messages import AcceptedChange, ActedBy, RiskDecision, StateReached, order_workflow_id
from tests.integration.outside import Outages

PATIENCE = 60.0
SHORT_TRIES = 4
"""The most that a step has before it is tried patiently; they end after three seconds too."""
BUYER = ActedBy(role="buyer", subject="alice")


@dataclass(kw_only=True)
class OrderRuns:
    client: Client
    outages: Outages

    def away(self, order_no: str, step: str, times: int) -> None:
        """The database will be away the next `times` that the order's run tries a step."""
        self.outages.before[order_workflow_id(order_no), step] = times

    def hang(self, order_no: str, step: str) -> None:
        """The database will not answer the next time that the order's run tries a step."""
        self.outages.hung[order_workflow_id(order_no), step] = 1

    def mute(self, order_no: str, step: str, times: int) -> None:
        """The step will be done, and its answer lost, the next `times` that the order's run tries it."""
        self.outages.answers[order_workflow_id(order_no), step] = times

    def tried(self, order_no: str, step: str) -> list[str]:
        """How the order's run tried a step: `local` or `regular`, each time."""
        return self.outages.tried.get((order_workflow_id(order_no), step), [])

    def steps(self, order_no: str) -> list[str]:
        """The steps that the order's run tried, in the order in which it came to them."""
        return [
            step for (run, step), tried in self.outages.tried.items() if run == order_workflow_id(order_no) and tried
        ]

    def run(self, order_no: str) -> WorkflowHandle[Any, Any]:
        return self.client.get_workflow_handle(order_workflow_id(order_no), result_type=StateReached)

    async def passes(self, order_no: str, time: timedelta) -> None:
        """Let `time` pass for the order's run and for nobody else."""
        async with asyncio.timeout(PATIENCE):
            await TimeSkipper(self.client).fast_forward(self.run(order_no), time)

    async def ends(self, order_no: str) -> str:
        """The state in which the run ends."""
        return str((await result_of(self.run(order_no))).state)

    async def asks(self, order_no: str, update: str, by: ActedBy | RiskDecision | AcceptedChange = BUYER) -> str:
        """Send an update. The state that it answers with."""
        async with asyncio.timeout(PATIENCE):
            reached = await self.run(order_no).execute_update(update, by, result_type=StateReached)
        return str(reached.state)

    async def ask_twice(self, order_no: str, update: str) -> set[str]:
        """Send an update twice at once. The states and the refusals' codes that they are answered with."""
        answers = await asyncio.gather(*(self._answer(order_no, update) for _ in range(2)))
        return set(answers)

    async def _answer(self, order_no: str, update: str) -> str:
        try:
            return await self.asks(order_no, update)
        except WorkflowUpdateFailedError as error:
            return str(getattr(error.cause, "type", error.cause))
        except RPCError as error:
            return error.status.name.lower()

    async def refusal(
        self, order_no: str, update: str, by: ActedBy | RiskDecision | AcceptedChange = BUYER
    ) -> ApplicationError:
        """Send an update that is to be refused. The refusal."""
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await self.asks(order_no, update, by)
        assert isinstance(refused.value.cause, ApplicationError)
        return refused.value.cause

    async def is_closed_to(self, order_no: str, update: str) -> bool:
        """Whether the run has ended, so that an update finds nobody."""
        with pytest.raises(RPCError) as error:
            await self.asks(order_no, update)
        return error.value.status is RPCStatusCode.NOT_FOUND


def went_on_patiently(tried: Sequence[str], tries: int) -> bool:
    """Whether a step was tried so often, shortly at first and then patiently: a slow machine has fewer short tries."""
    short = list(tried).count("local")
    return 1 <= short <= SHORT_TRIES and list(tried) == ["local"] * short + ["regular"] * (tries - short)


async def result_of(run: WorkflowHandle[Any, Any]) -> Any:
    """What the run ends with; of one that goes on for too long, what it waits for."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await run.result()
    except TimeoutError:
        described = (await run.describe()).raw_description
        waits = [*described.pending_activities, *described.pending_children, described.pending_workflow_task]
        pytest.fail(f"{run.id} does not end; it waits for {waits}")
