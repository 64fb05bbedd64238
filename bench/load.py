"""Many calls, so many at a time: how long each took, and all of them."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

Call = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Burst:
    """`latencies` in seconds, one for each call."""

    seconds: float
    latencies: Sequence[float]

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds

    @property
    def p50_ms(self) -> float:
        return self._cut(49)

    @property
    def p99_ms(self) -> float:
        return self._cut(98)

    def _cut(self, number: int) -> float:
        return 1000 * statistics.quantiles(self.latencies, n=100, method="inclusive")[number]


async def burst(calls: Sequence[Call], concurrency: int) -> Burst:
    """Make every call, `concurrency` at a time. A call that answers a number says itself how many seconds it took."""
    waiting = iter(calls)
    latencies: list[float] = []

    async def lane() -> None:
        for call in waiting:
            began = time.perf_counter()
            own = await call()
            latencies.append(own if isinstance(own, float) else time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(lane() for _ in range(min(concurrency, len(calls)))))
    return Burst(time.perf_counter() - began, latencies)
