"""The connection to PostgreSQL: one pool per process, one transaction per unit of work."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.pool import NullPool

from ordersaga.domain.keys import KeyRing
from ordersaga.persistence.audit import KEYS_OPTION
from ordersaga.persistence.direct import DirectConnection
from ordersaga.persistence.engine import engine_at


class Database:
    """A pool of connections. `transaction()` commits at its end and rolls back on any error.

    Without `audit_keys` no transition can be recorded through it. No statement may take longer than `patience` seconds.
    """

    def __init__(
        self, url: str, *, audit_keys: KeyRing | None = None, pool_size: int = 10, patience: float = 15
    ) -> None:
        self._url = url
        self.engine = engine_at(
            url,
            patience=patience,
            execution_options={KEYS_OPTION: audit_keys},
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=5,
            pool_pre_ping=False,
            hide_parameters=True,  # they are names and addresses, and errors are logged
        )
        self._reading_engine = self.engine.execution_options(postgresql_readonly=True)
        self._viewing_engine = self._reading_engine.execution_options(isolation_level="REPEATABLE READ")
        self._committing_engine = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        async with DirectConnection(self.engine) as connection, connection.begin():
            yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A transaction in which PostgreSQL refuses every write."""
        async with DirectConnection(self._reading_engine) as connection, connection.begin():
            yield connection

    @asynccontextmanager
    async def viewing(self) -> AsyncIterator[AsyncConnection]:
        """`reading`, with every statement in the same view of the database: that of the first."""
        async with self._viewing_engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def statements(self) -> AsyncIterator[AsyncConnection]:
        """Each statement a transaction of its own: for one write alone, and for reads.

        Two round trips less than `transaction`, in which every statement sees what is committed by then just as well.
        """
        async with DirectConnection(self._committing_engine) as connection:
            yield connection

    @asynccontextmanager
    async def snapshot(self, patience: float) -> AsyncIterator[AsyncConnection]:
        """`reading`, with every statement in the same view of the database, on a connection beside the pool.

        A statement may take `patience` seconds.
        """
        options = {"postgresql_readonly": True, "isolation_level": "REPEATABLE READ"}
        engine = engine_at(self._url, patience=patience, execution_options=options, poolclass=NullPool)
        try:
            async with engine.begin() as connection:
                yield connection
        finally:
            await engine.dispose()

    async def close(self) -> None:
        await self.engine.dispose()
