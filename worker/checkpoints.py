"""Makes audit checkpoints now and then (R-SUB-3). One process does; the others find nothing to do."""

import asyncio
from datetime import UTC, datetime

import structlog

from ordersaga.domain.keys import KeyRing
from ordersaga.persistence import checkpoints
from ordersaga.persistence.database import Database

log = structlog.get_logger()


class Checkpointing:
    """A loop. Each checkpoint is also logged: a log that is kept elsewhere is the anchor that nobody can move."""

    def __init__(self, database: Database, keys: KeyRing, *, interval: float) -> None:
        self._database = database
        self._keys = keys
        self._interval = interval

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self._interval)
            try:
                async with self._database.transaction() as connection:
                    made = await checkpoints.make(connection, self._keys, datetime.now(UTC))
            except Exception as error:
                # The database is away; what is new waits for the next round.
                log.warning("no audit checkpoint could be made", error=type(error).__name__)
                continue
            if made is not None:
                log.info(
                    "audit checkpoint",
                    anchor=f"{made.number}:{made.mac}",
                    orders=made.orders,
                    transitions=made.transitions,
                )
