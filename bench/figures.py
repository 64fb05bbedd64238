"""What a benchmark answers: figures, each beside the floor that was measured with it."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """At least, or at most, so much; of the ratio to the floor, or of the figure itself."""

    at_least: float | None = None
    at_most: float | None = None
    of_ratio: bool = True

    def __str__(self) -> str:
        sign, bound = ("≥", self.at_least) if self.at_least is not None else ("≤", self.at_most)
        return f"{sign} {bound:g}{' of the floor' if self.of_ratio else ''}"

    def is_met(self, value: float) -> bool:
        return (self.at_least is None or value >= self.at_least) and (self.at_most is None or value <= self.at_most)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One quantity: a value for each round, in `unit`, and the floor's of the same rounds where there is one."""

    name: str
    unit: str
    ours: Sequence[float]
    floor: Sequence[float] = ()
    goal: Goal | None = None

    @property
    def median(self) -> float:
        return statistics.median(self.ours)

    @property
    def floor_median(self) -> float | None:
        return statistics.median(self.floor) if self.floor else None

    @property
    def ratio(self) -> float | None:
        """The median over rounds of ours to the floor's, each round by itself: the machine's speed drifts."""
        if not self.floor or not all(self.floor):
            return None
        return statistics.median(ours / floor for ours, floor in zip(self.ours, self.floor, strict=True))

    @property
    def is_met(self) -> bool | None:
        """Whether the goal was reached; `None` without one."""
        if self.goal is None:
            return None
        value = self.ratio if self.goal.of_ratio else self.median
        return value is not None and self.goal.is_met(value)

    def to_document(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "unit": self.unit,
            "median": self.median,
            "floor_median": self.floor_median,
            "ratio": self.ratio,
            "goal": str(self.goal) if self.goal else None,
            "met": self.is_met,
            "rounds": list(self.ours),
            "floor_rounds": list(self.floor),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one benchmark found. `beside` is what else is worth keeping, such as counts and notes, as JSON takes it."""

    name: str
    about: str
    figures: Sequence[Figure]
    beside: dict[str, Any] = field(default_factory=dict)

    def to_document(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "about": self.about,
            "figures": [figure.to_document() for figure in self.figures],
            **({"beside": self.beside} if self.beside else {}),
        }
