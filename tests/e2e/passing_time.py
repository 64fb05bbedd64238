"""Time that passes for some runs and for nobody else."""

import asyncio
from datetime import timedelta

from temporalio.client import Client
from temporalio.testing import TimeSkipper

from tests.shop import PATIENCE


async def passes(temporal: Client, time: timedelta, *workflow_ids: str) -> None:
    runs = map(temporal.get_workflow_handle, workflow_ids)
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*(TimeSkipper(temporal).fast_forward(run, time) for run in runs))
