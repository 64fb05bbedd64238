"""A request that gets no answer from behind is answered at its deadline; an answer that has begun is left alone."""

import asyncio
from collections.abc import AsyncIterator

import httpx
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from api import problems
from api.deadline import Deadline


async def answer_of(path: str) -> tuple[httpx.Response, list[str]]:
    """The answer within a second, and what was cut off."""
    app, cut_off = FastAPI(), list[str]()
    problems.install(app)
    app.add_middleware(Deadline, seconds=1)

    @app.get("/hangs")
    async def hang() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cut_off.append("hangs")
            raise

    @app.get("/answers-itself")
    async def answer_itself() -> dict[str, str]:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cut_off.append("answers itself")
        return {"instead": "of being cut off"}

    @app.get("/unconnected")
    async def be_unconnected() -> None:
        raise RuntimeError("Failed client connect: Server connection error")

    @app.get("/streams")
    async def stream() -> StreamingResponse:
        async def slowly() -> AsyncIterator[bytes]:
            yield b"first "
            await asyncio.sleep(1.2)
            yield b"last"

        return StreamingResponse(slowly())

    @app.get("/tires")
    async def tire() -> None:
        raise TimeoutError("a neighbour's own")

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop.test", timeout=30) as client:
        return await client.get(path), cut_off


async def test_a_request_behind_which_somebody_hangs_is_cut_off_and_may_come_again() -> None:
    answer, cut_off = await answer_of("/hangs")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0
    assert cut_off == ["hangs"]


async def test_whoever_takes_being_cut_off_as_an_answer_gives_one() -> None:
    """As Temporal's client does, which makes an error of its own of it."""
    answer, cut_off = await answer_of("/answers-itself")
    assert (answer.status_code, cut_off) == (200, ["answers itself"])


async def test_a_temporal_that_cannot_be_reached_yet_is_unavailable() -> None:
    answer, _ = await answer_of("/unconnected")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


async def test_an_answer_that_has_begun_takes_as_long_as_it_likes() -> None:
    answer, _ = await answer_of("/streams")
    assert (answer.status_code, answer.text) == (200, "first last")


async def test_a_neighbours_own_time_out_is_told_as_before() -> None:
    answer, _ = await answer_of("/tires")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
