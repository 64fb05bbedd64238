"""The stand-in's worker: Temporal sees it poll, and that is all."""

import asyncio
import os

from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker


@workflow.defn(name="stand-in")
class StandInWorkflow:
    @workflow.run
    async def run(self) -> str:
        return "done"


async def work() -> None:
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"], namespace=os.environ["TEMPORAL_NAMESPACE"])
    async with Worker(
        client, task_queue="orders", workflows=[StandInWorkflow], workflow_runner=UnsandboxedWorkflowRunner()
    ):
        await asyncio.Event().wait()
