"""The relay: no gap, no repetition and no disorder, whoever dies and whatever Redis forgets (R-ORD-3)."""

import asyncio
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from api.arrivals import Arrivals, Watcher
from devstack.children import Children
from devstack.events import unheard
from devstack.folder import DataFolder
from devstack.ports import Ports
from devstack.roster import Roster
from devstack.stack import Stack
from devstack.valkey import valkey_program, valkey_url
from ordersaga.gateways.event_stream import EventStream
from ordersaga.persistence.database import Database
from ordersaga.persistence.leadership import leading
from ordersaga.persistence.locks import AdvisoryLock
from tests.integration.downstream_stand import QUICK, DownstreamStand
from tests.integration.order_worker import own_database
from tests.shop import until
from worker.main import beside

PASSWORD = "open-sesame"
LONGEST = 40.0


@pytest.fixture(scope="module")
async def valkey(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Children, int]]:
    """A Valkey of this module's own, to be emptied and killed."""
    folder, ports = DataFolder(tmp_path_factory.mktemp("valkey")), Ports(0)
    folder.prepare()
    ports.take("valkey")
    port = ports["valkey"]
    children = Children(Roster(folder.processes), unheard, lambda: None)
    async with asyncio.timeout(30):
        await children.boot(lambda: valkey_program(folder, port=port, password=PASSWORD))
    yield children, port
    async with asyncio.timeout(30):
        await children.stop(children.names)


@pytest.fixture(scope="module")
async def outbox(stack: Stack) -> AsyncIterator[tuple[str, Database]]:
    settings = await own_database(stack.addresses, "relayed")
    database = Database(settings.database_driver_url, pool_size=30)
    yield settings.database_driver_url, database
    await database.close()


@pytest.fixture
async def stand(
    outbox: tuple[str, Database], valkey: tuple[Children, int], request: pytest.FixtureRequest
) -> AsyncIterator[DownstreamStand]:
    """Each test begins with an empty outbox and an empty stream."""
    url, database = outbox
    async with database.transaction() as connection:
        await connection.execute(text("TRUNCATE orders, relays, webhook_endpoints CASCADE"))
    redis: Redis = Redis.from_url(valkey_url(valkey[1], PASSWORD), socket_timeout=10, socket_connect_timeout=10)
    await redis.flushall()
    yield DownstreamStand(database, redis, url, EventStream(redis, key="told", length=10_000))
    await redis.aclose()


async def all_streamed(stand: DownstreamStand) -> list[tuple[int, str, int]]:
    """Wait until the stream has every event of the outbox."""

    async def look() -> bool:
        return await stand.unnumbered() == 0 and (await stand.streamed())[-1:] == [
            (event.position, event.order_no, event.sequence) for event in (await stand.numbered())[-1:]
        ]

    await until(look, bool)
    return await stand.streamed()


def is_in_order(told: list[tuple[int, str, int]], events_of_each: int) -> None:
    """Positions without gaps from 1, and each order's events once, in the order of its transitions."""
    assert [position for position, _, _ in told] == list(range(1, len(told) + 1))
    for order_no in {order_no for _, order_no, _ in told}:
        assert [sequence for _, own, sequence in told if own == order_no] == list(range(1, events_of_each + 1))


def is_another(than: int | None, leader: int | None) -> bool:
    return leader not in (None, than)


async def happen_at_once(stand: DownstreamStand, orders: int = 20, each: int = 8) -> None:
    order_nos = [await stand.order() for _ in range(orders)]

    async def lives(order_no: str) -> None:
        for sequence in range(1, each + 1):
            await stand.happens(order_no, sequence)
            await asyncio.sleep(random.random() / 100)

    await asyncio.gather(*map(lives, order_nos))


async def test_events_of_many_orders_at_once_are_numbered_and_streamed_in_order(stand: DownstreamStand) -> None:
    async with stand.telling(relays=3):
        await happen_at_once(stand)
        told = await all_streamed(stand)
    assert len(told) == 160
    is_in_order(told, 8)
    assert told == [(event.position, event.order_no, event.sequence) for event in await stand.numbered()]


async def test_when_the_leader_is_killed_again_and_again_there_is_no_gap_and_no_repetition(
    stand: DownstreamStand,
) -> None:
    async with stand.telling(relays=3):
        happening = asyncio.create_task(happen_at_once(stand, each=10))
        for _ in range(2):
            leader = await until(stand.leader, lambda pid: pid is not None)
            async with stand.database.transaction() as connection:
                await connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": leader})
            await until(stand.leader, partial(is_another, leader))
        await happening
        told = await all_streamed(stand)
    is_in_order(told, 10)


async def test_a_leader_that_hangs_is_replaced_and_can_write_nothing_any_more(stand: DownstreamStand) -> None:
    async with leading(stand.url, AdvisoryLock.RELAY, silence=QUICK.silence) as hung:
        await stand.happens(await stand.order(), 1)
        async with stand.telling():
            is_in_order(await all_streamed(stand), 1)
        with pytest.raises(DBAPIError):
            await hung.execute(text("SELECT 1"))
        await hung.invalidate()


async def test_an_emptied_redis_gets_everything_again(stand: DownstreamStand) -> None:
    async with stand.telling():
        await happen_at_once(stand, orders=3)
        before = await all_streamed(stand)
        await stand.redis.flushall()
        assert await all_streamed(stand) == before
        await stand.happens(before[0][1], 9)
        assert len(await all_streamed(stand)) == len(before) + 1


async def test_a_redis_that_forgot_its_last_second_goes_on_from_what_it_has(stand: DownstreamStand) -> None:
    order_no = await stand.order()
    async with stand.telling():
        await stand.happens(order_no, *range(1, 11))
        told = await all_streamed(stand)
        await stand.stream.restart(6)
        assert await until(stand.streamed, lambda found: found[-1:] == told[-1:]) == told[6:]


async def test_the_stream_is_refilled_no_further_back_than_its_length(stand: DownstreamStand) -> None:
    order_no = await stand.order()
    await stand.happens(order_no, *range(1, 31))
    stand.stream = EventStream(stand.redis, key="short", length=10)
    async with stand.telling():
        told = await until(stand.streamed, lambda found: bool(found) and found[-1][0] == 30)
    assert [position for position, _, _ in told] == list(range(21, 31))


async def test_a_killed_redis_disturbs_nobody_and_catches_up(
    stand: DownstreamStand, valkey: tuple[Children, int]
) -> None:
    children, _ = valkey
    order_no = await stand.order()
    async with stand.telling():
        await stand.happens(order_no, 1, 2)
        await all_streamed(stand)
        children.send("valkey", signal.SIGKILL)
        assert await children.exited("valkey", LONGEST) is not None
        await stand.happens(order_no, 3, 4, 5)
        await until(stand.unnumbered, lambda left: left == 0)
        async with asyncio.timeout(30):
            await children.restart("valkey")
        is_in_order(await all_streamed(stand), 5)


async def test_redis_itself_refuses_a_repetition(stand: DownstreamStand) -> None:
    order_no = await stand.order()
    await stand.happens(order_no, 1, 2, 3)
    async with stand.telling():
        told = await all_streamed(stand)
    known = await stand.numbered()
    assert await stand.stream.append(0, known) == 3, "the stream says how far it is"
    assert await stand.stream.append(2, known[2:]) == 3
    assert await stand.streamed() == told


async def test_a_paused_consumer_group_goes_on_where_it_was(stand: DownstreamStand) -> None:
    order_no = await stand.order()
    async with stand.telling():
        await stand.happens(order_no, 1, 2)
        await all_streamed(stand)
        await stand.redis.xgroup_create("told", "erp", id="0")
        read = await stand.redis.xreadgroup("erp", "one", {"told": ">"})
        assert len(ids_of(read)) == 2
        await stand.happens(order_no, *range(3, 40))
        await all_streamed(stand)
        read = await stand.redis.xreadgroup("erp", "one", {"told": ">"}, count=100)
    assert ids_of(read) == [f"{position}-0" for position in range(3, 40)]


def ids_of(answer: Any) -> list[str]:
    """The ids of the entries that were read from the one stream, in either of the client's two forms."""
    ((_, entries),) = answer.items() if isinstance(answer, dict) else answer
    return [entry[0].decode() for entry in (entries[0] if isinstance(entries[0], list) else entries)]


@asynccontextmanager
async def watching(stand: DownstreamStand, redis: Redis, order_no: str) -> AsyncIterator[Watcher]:
    """Watch an order as the API does."""
    arrivals = Arrivals(stand.database, redis, key=stand.stream.key)
    async with beside(arrivals.run(lambda: False), ended=lambda: None):
        with arrivals.watching(order_no, "buyer:alice") as watcher:
            yield watcher


async def test_who_watches_an_order_is_woken_by_the_stream(stand: DownstreamStand) -> None:
    order_no, other = await stand.order(), await stand.order()
    async with stand.telling(), watching(stand, stand.redis, order_no) as watcher:
        await stand.happens(other, 1)
        await stand.happens(order_no, 1)
        assert await watcher.wait(LONGEST)


async def test_who_watches_an_order_is_woken_without_redis_and_without_a_relay(stand: DownstreamStand) -> None:
    order_no = await stand.order()
    nowhere: Redis = Redis.from_url("redis://127.0.0.1:9", socket_connect_timeout=0.5)
    async with nowhere, watching(stand, nowhere, order_no) as watcher:
        await stand.happens(order_no, 1)
        assert await watcher.wait(LONGEST)


async def test_who_watches_an_order_is_woken_when_the_process_is_about_to_stop(stand: DownstreamStand) -> None:
    arrivals = Arrivals(stand.database, stand.redis, key=stand.stream.key)
    reader = asyncio.create_task(arrivals.run(lambda: True))
    with arrivals.watching("D-0", "buyer:alice") as watcher:
        assert arrivals.open_for("buyer:alice") == 1
        assert await watcher.wait(LONGEST)
    assert arrivals.ending
    assert arrivals.open_for("buyer:alice") == 0
    await asyncio.wait_for(reader, LONGEST)
