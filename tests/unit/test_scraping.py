"""The address that Prometheus asks: metrics, readiness, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from devstack.ports import LOOPBACK, Ports, is_free
from ordersaga.gateways.scraping import Scraping


def free_port() -> int:
    ports = Ports(0)
    ports.take("metrics")
    return ports["metrics"]


@asynccontextmanager
async def asking(scraping: Scraping) -> AsyncIterator[int]:
    port = free_port()
    async with scraping.listening(LOOPBACK, port):
        yield port


async def ask(port: int, request: bytes) -> bytes:
    async with asyncio.timeout(10):
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write(request)
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
    return answer


async def get(port: int, path: str) -> tuple[int, bytes]:
    answer = await ask(port, f"GET {path} HTTP/1.1\r\nHost: here\r\n\r\n".encode())
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), body


async def test_it_answers_with_what_was_looked_up_just_now() -> None:
    asked = 0

    async def refresh() -> None:
        nonlocal asked
        asked += 1

    async with asking(Scraping(refresh)) as port:
        status, body = await get(port, "/metrics")
    assert (status, asked) == (200, 1)
    assert b"# TYPE ordersaga_orders_placed_total counter" in body


async def test_it_answers_although_the_database_does_not() -> None:
    async def refresh() -> None:
        raise OSError("the database is away")

    async with asking(Scraping(refresh)) as port:
        assert (await get(port, "/metrics"))[0] == 200


async def test_a_process_that_drains_is_not_ready() -> None:
    scraping = Scraping()
    async with asking(scraping) as port:
        assert await get(port, "/readyz") == (200, b"ready\n")
        scraping.draining = True
        assert await get(port, "/readyz") == (503, b"draining\n")


async def test_everything_else_is_not_there() -> None:
    async with asking(Scraping()) as port:
        assert (await get(port, "/"))[0] == 404
        assert b" 404 " in await ask(port, b"POST /metrics HTTP/1.1\r\n\r\n")
        assert await ask(port, b"x" * 40_000 + b"\r\n\r\n") == b""


async def test_without_a_port_nobody_listens_and_a_taken_one_is_no_reason_to_stop() -> None:
    async with (
        Scraping().listening(LOOPBACK, None),
        asking(Scraping()) as port,
        Scraping().listening(LOOPBACK, port),
    ):
        assert (await get(port, "/readyz"))[0] == 200
    assert is_free(port)
