"""What will break, decided beforehand: the same dice give the same faults."""

from dataclasses import dataclass
from enum import StrEnum
from random import Random

PARTS = ("api", "worker-1", "temporal", "postgres", "valkey")
_QUIET = (1.0, 5.0)
_SHORT, _LONG = (0.0, 1.0), (3.0, 8.0)
_HASTE = 0.35
_WHOLE_MINUTE = 60.0


class Kind(StrEnum):
    KILL = "killed"
    HANG = "hung"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`seconds` is how long a killed part is kept away, or a hung one answers nobody."""

    at: float
    part: str
    kind: Kind
    seconds: float


def draw_faults(dice: Random, *, seconds: float) -> tuple[Fault, ...]:
    """Faults for so many seconds: mostly one part at a time, sometimes two, some of them for long.

    In less than a minute everything goes faster, so that enough happens.
    """
    pace = min(1.0, max(_HASTE, seconds / _WHOLE_MINUTE))
    drawn: list[Fault] = []
    at = pace * dice.uniform(*_QUIET)
    while at < seconds:
        at_once = [
            Fault(
                at=round(at, 2),
                part=part,
                kind=dice.choices((Kind.KILL, Kind.HANG), (65, 35))[0],
                seconds=round(pace * dice.uniform(*dice.choices((_SHORT, _LONG), (65, 35))[0]), 2),
            )
            for part in dice.sample(PARTS, k=dice.choices((1, 2), (75, 25))[0])
        ]
        drawn += at_once
        at += max(fault.seconds for fault in at_once) + pace * dice.uniform(*_QUIET)
    return tuple(drawn)
