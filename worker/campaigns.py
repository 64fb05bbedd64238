"""Brings what campaigns leave over back to the general shelf (R-TYPE-2)."""

import asyncio
import secrets
from datetime import UTC, datetime, timedelta

import structlog

from ordersaga.persistence import campaigns, stocktaking
from ordersaga.persistence.database import Database

log = structlog.get_logger()


class EndedCampaigns:
    """A loop. What orders hold stays where it is until they ship it or give it back, and is brought back then.

    A campaign keeps its stock for `grace` after its end: what was submitted in its last moment is still being placed.
    Several processes may run it: the second finds nothing left.
    """

    def __init__(self, database: Database, *, grace: timedelta, interval: float = 5.0) -> None:
        self._database = database
        self._grace = grace
        self._interval = interval

    async def run(self) -> None:
        while True:
            try:
                await self._bring_back()
            except Exception as error:
                # The database is away; what is left over waits for the next round.
                log.warning("stock of campaigns could not be brought back", error=repr(error))
            await asyncio.sleep(self._interval)

    async def _bring_back(self) -> None:
        at = datetime.now(UTC)
        before = at - self._grace
        async with self._database.statements() as connection:
            left = await campaigns.has_stock_left(connection, before)
        for code, sku in left:
            document = f"ended/{code}/{secrets.token_hex(8)}"
            async with self._database.transaction() as connection:
                if not await campaigns.close_pool(connection, code, before):
                    continue
                units = await stocktaking.give_back(connection, sku, pool=code, document=document, at=at)
            log.info("stock of a campaign is back on the general shelf", campaign=code, sku=sku, units=units)
