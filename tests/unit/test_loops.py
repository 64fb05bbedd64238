"""Loops that swallow their first cancellation end all the same."""

import asyncio
import contextlib

import pytest

from ordersaga.gateways import loops
from ordersaga.gateways.loops import end, heed


async def deaf(times: int) -> None:
    """A loop that goes on after so many cancellations."""
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            times -= 1
            if times < 0:
                raise


async def broken() -> None:
    raise RuntimeError("a loop that failed by itself")


@pytest.mark.parametrize("times", [0, 1, 3])
async def test_a_loop_is_told_to_end_until_it_does(times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "_GRACE", 0.01)
    monkeypatch.setattr(loops, "_AGAIN", 0.01)
    tasks = [asyncio.create_task(deaf(times)), asyncio.create_task(broken())]
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await end(tasks)
    assert tasks[0].cancelled()
    assert isinstance(tasks[1].exception(), RuntimeError)


async def hard_of_hearing() -> None:
    """A loop that swallows every cancellation, but heeds it afterwards."""
    while True:
        heed()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)


async def test_a_loop_in_a_group_which_is_cancelled_once_heeds_it() -> None:
    async def group() -> None:
        async with asyncio.TaskGroup() as loops:
            loops.create_task(hard_of_hearing())
            await hard_of_hearing()

    task = asyncio.create_task(group())
    await asyncio.sleep(0)
    task.cancel()
    async with asyncio.timeout(5):
        await asyncio.wait([task])
    assert task.cancelled()


async def test_a_timeout_that_ran_out_is_nothing_to_heed() -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0):
            await asyncio.sleep(3600)
    heed()
