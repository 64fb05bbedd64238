"""The three servers alone: real, closed to strangers, and keeping what they were told."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import psutil
import pytest
import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError
from temporalio.client import Client

from devstack.events import Event, Report, Stage
from devstack.options import StackOptions
from devstack.ports import LOOPBACK
from devstack.ready import find_stack, read_addresses
from devstack.stack import Stack

SERVERS = ("postgres", "valkey", "temporal")
SECONDS = 60.0


def servers_in(folder: Path, report: Report | None = None) -> Stack:
    return Stack(StackOptions(data_dir=folder, port=0, servers_only=True), report)


@pytest.fixture(scope="module")
async def heard() -> asyncio.Queue[Event]:
    """What the module's stack reports."""
    return asyncio.Queue()


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory, heard: asyncio.Queue[Event]) -> AsyncIterator[Stack]:
    async with asyncio.timeout(SECONDS):
        stack = servers_in(tmp_path_factory.mktemp("servers") / "data", heard.put_nowait)
        await stack.start()
    yield stack
    async with asyncio.timeout(SECONDS):
        await stack.stop()


async def put(stack: Stack, note: str) -> None:
    """Leave a trace in each server."""
    connection = await asyncpg.connect(stack.addresses.database, timeout=10)
    await connection.execute("CREATE TABLE IF NOT EXISTS notes (note text)")
    await connection.execute("INSERT INTO notes VALUES ($1)", note)
    await connection.close(timeout=10)
    async with redis.asyncio.Redis.from_url(stack.addresses.redis) as client:
        await client.set("note", note)
    client_of_temporal = await Client.connect(stack.addresses.temporal)
    await client_of_temporal.start_workflow("Unhandled", id=note, task_queue="nobody")


async def kept(stack: Stack, note: str) -> bool:
    """Whether each server still has the trace."""
    connection = await asyncpg.connect(stack.addresses.database, timeout=10)
    rows = await connection.fetchval("SELECT count(*) FROM notes WHERE note = $1", note, timeout=10)
    await connection.close(timeout=10)
    async with redis.asyncio.Redis.from_url(stack.addresses.redis, decode_responses=True) as client:
        value = await client.get("note")
    described = await (await Client.connect(stack.addresses.temporal)).get_workflow_handle(note).describe()
    return rows == 1 and value == note and described.history_length >= 2


async def test_each_server_answers_at_the_address_that_is_published(stack: Stack) -> None:
    async with asyncio.timeout(SECONDS):
        assert read_addresses(stack.folder.ready) == stack.addresses
        await put(stack, "a-first-note")
        assert await kept(stack, "a-first-note")
        assert set(stack.addresses.pids) == set(SERVERS)


async def test_postgres_is_version_18_and_durable(stack: Stack) -> None:
    async with asyncio.timeout(SECONDS):
        connection = await asyncpg.connect(stack.addresses.database, timeout=10)
        assert connection.get_server_version().major == 18
        for setting in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
            assert await connection.fetchval(f"SHOW {setting}", timeout=10) == "on"
        assert await connection.fetchval("SHOW unix_socket_directories", timeout=10) == ""
        await connection.close(timeout=10)


async def test_a_stranger_without_the_password_is_turned_away(stack: Stack) -> None:
    async with asyncio.timeout(SECONDS):
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(
                host=LOOPBACK, port=port_of(stack.addresses.database), user="ordersaga", password="guess", timeout=10
            )
        once = Retry(NoBackoff(), 0)
        async with redis.asyncio.Redis(host=LOOPBACK, port=port_of(stack.addresses.redis), retry=once) as client:
            with pytest.raises(AuthenticationError):
                await client.ping()


async def test_no_server_listens_beyond_the_loopback(stack: Stack) -> None:
    for pid in stack.addresses.pids.values():
        listening = [c.laddr.ip for c in psutil.Process(pid).net_connections("inet") if c.status == psutil.CONN_LISTEN]
        assert listening, "each of them listens"
        assert set(listening) == {LOOPBACK}


async def test_no_password_can_be_read_from_a_command_line(stack: Stack) -> None:
    commands = [" ".join(psutil.Process(pid).cmdline()) for pid in stack.addresses.pids.values()]
    for secret in (stack.environment["ORDERSAGA_DATABASE_URL"], stack.environment["ORDERSAGA_REDIS_URL"]):
        password = secret.split("@")[0].rpartition(":")[2]
        assert not any(password in command for command in commands)


async def test_a_server_that_was_killed_and_restarted_has_lost_nothing(stack: Stack) -> None:
    async with asyncio.timeout(SECONDS):
        await put(stack, "before-the-kill")
        async with redis.asyncio.Redis.from_url(stack.addresses.redis) as client:
            await client.waitaof(1, 0, 50_000)  # it syncs once a second
        for name in SERVERS:
            stack.kill(name)
            assert await stack.exited(name, SECONDS) == -9
            await stack.restart(name)
        assert await kept(stack, "before-the-kill")


async def test_what_dies_is_revived_as_long_as_somebody_supervises(stack: Stack, heard: asyncio.Queue[Event]) -> None:
    async with asyncio.timeout(SECONDS):
        while not heard.empty():
            heard.get_nowait()
        supervising = asyncio.create_task(stack.supervise())
        before = stack.addresses.pids
        stack.kill("valkey")
        assert (await heard.get()).stage is Stage.DIED
        assert (await heard.get()).stage is Stage.READY
        supervising.cancel()
        await asyncio.wait({supervising})
        assert read_addresses(stack.folder.ready).pids["valkey"] != before["valkey"]


async def test_state_survives_a_stop_and_a_start_on_other_ports(tmp_path: Path) -> None:
    async with asyncio.timeout(SECONDS):
        async with servers_in(tmp_path / "data") as first:
            await put(first, "kept")
            first_addresses = first.addresses
        async with servers_in(tmp_path / "data") as second:
            assert second.addresses.temporal != first_addresses.temporal
            assert await kept(second, "kept")


async def test_a_start_that_is_cancelled_leaves_nothing_and_frees_the_folder(tmp_path: Path) -> None:
    started = asyncio.Event()

    def report(event: Event) -> None:
        if event.part == "temporal" and event.stage is Stage.STARTING:
            started.set()

    async with asyncio.timeout(SECONDS):
        starting = asyncio.create_task(servers_in(tmp_path / "data", report).start())
        await started.wait()
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        async with servers_in(tmp_path / "data"):
            assert find_stack(tmp_path / "data").data_dir == str(tmp_path / "data")


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2].partition("/")[0])
