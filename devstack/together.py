"""Waiting for several things of which the first failure ends all."""

import asyncio
from collections.abc import Coroutine


async def together(*steps: Coroutine[object, object, object]) -> None:
    """Run all at once. The first error cancels the others, is waited out and raised as it is, in no group."""
    tasks = [asyncio.ensure_future(step) for step in steps]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
