"""Statements go to the driver on a short way, and answer and fail as SQLAlchemy's own connection would."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import (
    ARRAY,
    Column,
    Executable,
    Integer,
    MetaData,
    Table,
    Text,
    any_,
    bindparam,
    event,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.persistence.database import Database
from ordersaga.settings import Settings
from tests.shop import until

_PATIENCE_SECONDS = 10

things = Table(
    "direct_things",
    MetaData(),
    Column("name", Text, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("document", JSONB),
    Column("words", ARRAY(Text)),
)
_THING = {"name": "tea", "number": 3, "document": {"of": ["China"]}, "words": ["green", "black"]}
_ASKED: list[tuple[Executable, dict[str, Any]]] = [
    (select(things, func.now().label("at")), {}),
    (select(things.c.words, things.c.document).where(things.c.name == any_(bindparam("names", type_=ARRAY(Text)))),
     {"names": ["tea"]}),
    (select(things.c.number).where(things.c.name.in_(["tea", "coffee"])), {}),
    (text("SELECT number, document, name FROM direct_things WHERE name = :name").columns(document=JSONB),
     {"name": "tea"}),
    (text("SELECT count(*) AS there_are, max(number) FROM direct_things"), {}),
]  # fmt: skip


@pytest.fixture
async def lonely(settings: Settings) -> AsyncIterator[Database]:
    """A database with one connection, and a table of one row."""
    database = Database(settings.database_driver_url, pool_size=1)
    async with database.transaction() as connection:
        await connection.run_sync(things.metadata.create_all)
        await connection.execute(insert(things).values(**_THING))
    yield database
    async with database.transaction() as connection:
        await connection.run_sync(things.metadata.drop_all)
    await database.close()


async def test_rows_are_those_of_the_long_way(lonely: Database) -> None:
    async with lonely.transaction() as connection:
        for statement, values in _ASKED:
            short = await connection.execute(statement, values)
            long = await AsyncConnection.execute(connection, statement, values)
            assert short.keys() == long.keys()
            assert [row._asdict() for row in short] == [row._asdict() for row in long]


async def test_plain_statements_take_the_short_way(lonely: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("this went the long way")

    monkeypatch.setattr(AsyncConnection, "execute", refuse)
    async with lonely.transaction() as connection:
        assert await connection.scalar(select(things.c.number)) == 3
        raised = update(things).values(number=things.c.number + 1).returning(things.c.number)
        assert (await connection.execute(raised)).one() == (4,)
        assert (await connection.execute(update(things).values(number=1))).rowcount == 1
        assert await connection.scalar(insert(things).values(**_THING).on_conflict_do_nothing()) is None


async def test_listeners_hear_of_every_statement(lonely: Database) -> None:
    heard: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        heard.append(statement)

    event.listen(lonely.engine.sync_engine, "before_cursor_execute", hear)
    async with lonely.statements() as connection:
        await connection.execute(text("SELECT 1"))
    assert heard == ["SELECT 1"]


async def test_an_error_is_the_one_of_the_long_way_and_undoes_the_transaction(lonely: Database) -> None:
    async def change_all_and_add_one_twice() -> None:
        async with lonely.transaction() as connection:
            await connection.execute(update(things).values(number=9))
            await connection.execute(insert(things).values(**_THING))

    with pytest.raises(IntegrityError) as refused:
        await change_all_and_add_one_twice()
    assert "China" not in str(refused.value)
    async with lonely.statements() as connection:
        assert await connection.scalar(select(things.c.number)) == 3


async def test_a_lost_connection_is_replaced(lonely: Database, database: Database) -> None:
    async def use_until_it_is_lost() -> None:
        while True:
            assert await _server_process(lonely) == lost

    lost = await _server_process(lonely)
    async with database.statements() as other:
        await other.execute(text("SELECT pg_terminate_backend(:lost)"), {"lost": lost})
    with pytest.raises(DBAPIError) as refused:
        await asyncio.wait_for(use_until_it_is_lost(), _PATIENCE_SECONDS)
    assert refused.value.connection_invalidated
    assert await _server_process(lonely) != lost


async def test_a_connection_that_was_left_in_the_middle_is_not_used_again(lonely: Database, database: Database) -> None:
    async def sleep() -> None:
        async with lonely.statements() as connection:
            await connection.execute(text("SELECT pg_sleep(60)"))

    async def sleeps() -> bool:
        query = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = :left AND wait_event = 'PgSleep')"
        async with database.statements() as other:
            return bool(await other.scalar(text(query), {"left": left}))

    left = await _server_process(lonely)
    sleeping = asyncio.create_task(sleep())
    await until(sleeps, bool)
    sleeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sleeping
    assert await asyncio.wait_for(_server_process(lonely), _PATIENCE_SECONDS) != left


async def test_a_statement_is_prepared_anew_once_its_table_has_changed(lonely: Database, database: Database) -> None:
    query = text("SELECT * FROM direct_things")
    async with lonely.statements() as connection:
        await connection.execute(query)
        async with database.statements() as other:
            await other.execute(text("ALTER TABLE direct_things ALTER COLUMN number TYPE bigint"))
        with pytest.raises(DBAPIError):
            await connection.execute(query)
        assert (await connection.execute(query)).one().number == 3


async def _server_process(database: Database) -> Any:
    """The one of PostgreSQL's that serves the connection."""
    async with database.statements() as connection:
        return await connection.scalar(text("SELECT pg_backend_pid()"))
