"""The simulated warehouse and carrier: they look for parcels and see each to the door."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable

from cli.client import Api, ApiProblem, ApiUnreachable
from cli.simulator.steps import OpenParcel, report, steps_left

_log = logging.getLogger("ordersaga.simulator")

_BUSY_PAUSE, _IDLE_PAUSE = 0.15, 0.6
_PAGE = 200
_MOST_IN_HAND = 500


def everything(_parcel: OpenParcel) -> bool:
    """Care for every parcel there is."""
    return True


class Simulation:
    """Works until it is cancelled. What was on its way then is found again by its state, by whoever comes next.

    `step_seconds` is the pace of one parcel; `in_flight` bounds the calls at any moment; `cares_for` chooses parcels.
    A parcel that is still open `forget_seconds` after it was reported delivered is taken up again from its state.
    """

    def __init__(
        self,
        api: Api,
        *,
        carrier_secret: str | None,
        step_seconds: float = 0.2,
        in_flight: int = 6,
        forget_seconds: float = 30.0,
        cares_for: Callable[[OpenParcel], bool] = everything,
    ) -> None:
        self._api, self._carrier_secret, self._step_seconds = api, carrier_secret, step_seconds
        self._gate = asyncio.Semaphore(in_flight)
        self._forget_seconds = forget_seconds
        self._cares_for = cares_for
        self._in_hand: dict[str, asyncio.Task[None]] = {}
        self._reported: dict[str, float] = {}

    async def run(self) -> None:
        pause = _BUSY_PAUSE
        try:
            while True:
                found = await self._look()
                pause = _BUSY_PAUSE if found else min(pause * 1.5, _IDLE_PAUSE)
                await asyncio.sleep(pause)
        finally:
            for task in self._in_hand.values():
                task.cancel()

    async def _look(self) -> int:
        """Take every parcel in hand that is not yet, and give their number."""
        listed: set[str] = set()
        found = 0
        try:
            async for shown in self._api.operator("simulator").pages("/v1/parcels", open="true", limit=_PAGE):
                parcel = OpenParcel.read(shown)
                listed.add(parcel.parcel_no)
                if len(self._in_hand) < _MOST_IN_HAND and self._is_due(parcel):
                    self._take(parcel)
                    found += 1
        except (ApiProblem, ApiUnreachable) as error:
            _log.warning("the list of parcels cannot be read: %s", error)
            return found
        self._reported = {number: at for number, at in self._reported.items() if number in listed}
        return found

    def _is_due(self, parcel: OpenParcel) -> bool:
        reported = self._reported.get(parcel.parcel_no)
        fresh = reported is None or time.monotonic() - reported > self._forget_seconds
        return (
            fresh
            and parcel.parcel_no not in self._in_hand
            and bool(steps_left(parcel.state))
            and self._cares_for(parcel)
        )

    def _take(self, parcel: OpenParcel) -> None:
        task = asyncio.create_task(self._see_through(parcel), name=parcel.parcel_no)
        self._in_hand[parcel.parcel_no] = task
        task.add_done_callback(lambda _: self._in_hand.pop(parcel.parcel_no, None))

    async def _see_through(self, parcel: OpenParcel) -> None:
        try:
            for event in steps_left(parcel.state):
                await asyncio.sleep(self._step_seconds)
                async with self._gate:
                    await report(self._api, parcel, event, self._carrier_secret)
        except (ApiProblem, ApiUnreachable) as error:
            _log.warning("parcel %s: %s", parcel.parcel_no, error)
        finally:
            self._reported[parcel.parcel_no] = time.monotonic()


@contextlib.asynccontextmanager
async def simulating(simulation: Simulation) -> AsyncIterator[None]:
    """Let it work beside the body of the `with`."""
    task = asyncio.create_task(simulation.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
