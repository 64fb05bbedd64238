"""One call again and again, timed by the clock and by the CPU of every process."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.bare_api import BareApi
from bench.bed import Bed, spent
from bench.load import Burst, Call, burst

_AT_ONCE = 8
"""So many calls at once keep one API process busy all the time."""


@dataclass(frozen=True, slots=True)
class Timed:
    """CPU milliseconds of each process for one call."""

    burst: Burst
    cpu: Mapping[str, float]


async def timed(stand: Bed, bare: BareApi, calls: Sequence[Call]) -> Timed:
    before = stand.cpu(bare=bare.pid)
    told = await burst(calls, _AT_ONCE)
    return Timed(told, spent(before, stand.cpu(bare=bare.pid), len(calls)))
