"""Looks after groups whose time is over and that nobody decided: somebody ended their run (R-TYPE-5, W3).

A full group has no seat left to change, so nothing else would begin its run again, and its members have paid.
"""

import asyncio
from datetime import UTC, datetime, timedelta

import structlog
from temporalio.client import Client

from ordersaga.domain.messages import TASK_QUEUE
from ordersaga.gateways import group
from ordersaga.gateways.beginning import begin
from ordersaga.persistence import groups
from ordersaga.persistence.database import Database

log = structlog.get_logger()

_PATIENCE = timedelta(seconds=5)


class OverdueGroups:
    """A loop. A run that is only late is told to look, so several processes may run it.

    `grace` is how late a run may be before anybody looks after its group.
    """

    def __init__(
        self,
        database: Database,
        client: Client,
        *,
        task_queue: str = TASK_QUEUE,
        grace: timedelta = timedelta(seconds=30),
        interval: float = 30.0,
    ) -> None:
        self._database = database
        self._client = client
        self._task_queue = task_queue
        self._grace = grace
        self._interval = interval

    async def run(self) -> None:
        while True:
            try:
                await self._look_after()
            except Exception as error:
                # The database or Temporal is away; what is overdue is so in the next round too.
                log.warning("overdue groups could not be looked after", error=repr(error))
            await asyncio.sleep(self._interval)

    async def _look_after(self) -> None:
        async with self._database.reading() as connection:
            overdue = await groups.overdue(connection, datetime.now(UTC) - self._grace)
        for code in overdue:
            log.warning("a group is overdue: its run is told, or begun again", group_code=code)
            await begin(self._client, group.run_of(code), task_queue=self._task_queue, patience=_PATIENCE)
