"""Sweeps attachments that were brought and never shown in a case."""

import asyncio
from datetime import UTC, datetime, timedelta

import structlog

from ordersaga.domain.attachments import KEPT_UNUSED
from ordersaga.gateways.attachments.store import AttachmentStore
from ordersaga.persistence import attachments
from ordersaga.persistence.database import Database

log = structlog.get_logger()

_GRACE = timedelta(hours=1)
"""Beyond the time in which one may still be shown, so that nobody shows what is being swept."""
_AT_ONCE = 100


class ForgottenAttachments:
    """A loop; several processes may run it, and each may be ended anywhere: bytes go before what is known of them."""

    def __init__(self, database: Database, store: AttachmentStore, *, interval: float = 600.0) -> None:
        self._database = database
        self._store = store
        self._interval = interval

    async def run(self) -> None:
        while True:
            try:
                await self.sweep(datetime.now(UTC))
            except Exception as error:
                # The database or the store is away; what is forgotten is so in the next round too.
                log.warning("forgotten attachments could not be swept", error=repr(error))
            await asyncio.sleep(self._interval)

    async def sweep(self, at: datetime) -> None:
        async with self._database.reading() as connection:
            forgotten = await attachments.forgotten(connection, at - KEPT_UNUSED - _GRACE, _AT_ONCE)
        for attachment_id in forgotten:
            await self._store.delete(attachment_id)
            async with self._database.transaction() as connection:
                await attachments.remove(connection, attachment_id)
