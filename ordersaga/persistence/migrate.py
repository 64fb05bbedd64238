"""Brings the database to the newest migration; several processes may try at once."""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.pool import NullPool

from ordersaga.persistence.engine import engine_at
from ordersaga.persistence.locks import AdvisoryLock
from ordersaga.persistence.tables import metadata


async def upgrade(url: str, revision: str = "head") -> str:
    """Migrate to `revision`, each migration in a transaction of its own; the answer is the head's."""

    def run(connection: Connection) -> None:
        # The session's, until it ends: what one migration locks is free before the next begins.
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": AdvisoryLock.MIGRATION})
        connection.commit()
        command.upgrade(_config(connection), revision)

    await _with_connection(url, run)
    return head()


async def revise(url: str, message: str) -> None:
    """Write a new migration from what the tables say and the database does not (for developers)."""

    def run(connection: Connection) -> None:
        command.revision(_config(connection), message=message, autogenerate=True)

    await _with_connection(url, run)


async def differences(url: str) -> list[object]:
    """What the migrated database lacks of the tables; empty when they agree."""
    found: list[object] = []
    await _with_connection(
        url, lambda connection: found.extend(compare_metadata(MigrationContext.configure(connection), metadata))
    )
    return found


def head() -> str:
    return ScriptDirectory.from_config(_config(None)).get_current_head() or ""


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    return config


async def _with_connection(url: str, run: Callable[[Connection], None]) -> None:
    engine = engine_at(url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(run)
    finally:
        await engine.dispose()
