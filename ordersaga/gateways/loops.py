"""Loops in the background that are told to end until they do.

Before Python 3.12 `asyncio.wait_for` could swallow a cancellation that came together with its result; redis-py waits
with it for every answer. A loop that goes on after that would never be cancelled again, least of all one in a group,
which cancels its loops once: so each round of a loop begins by heeding what it was told.
"""

import asyncio
from collections.abc import Iterable

_GRACE, _AGAIN = 6.0, 0.5
"""Seconds: longer than any loop of ours takes to finish what it has in hand; and then again and again."""


async def end(loops: Iterable[asyncio.Task[None]]) -> None:
    """Cancel each of them, again if need be, and wait. How they ended is not raised."""
    left, patience = {loop for loop in loops if not loop.done()}, _GRACE
    while left:
        for loop in left:
            loop.cancel()
        _, left = await asyncio.wait(left, timeout=patience)
        patience = _AGAIN


def heed() -> None:
    """Raise the cancellation of the task that calls this, if something swallowed it."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
