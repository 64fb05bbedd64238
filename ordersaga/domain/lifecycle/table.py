"""A state machine as one literal table of (current state, action, next state) (R-STM-1, R-STM-2)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ordersaga.domain.errors import ActionNotAllowed
from ordersaga.domain.lifecycle.guards import Guard


class Actor(StrEnum):
    """Who may act. `SYSTEM` is the workflow itself: a timer, a callback, a finished step."""

    BUYER = "buyer"
    MERCHANT = "merchant"
    WAREHOUSE = "warehouse"
    OPERATOR = "operator"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Word:
    """A status: the stable `code` that programs read, and what people read."""

    code: str
    english: str
    chinese: str

    def read_in(self, language: str) -> str:
        """The word in Traditional Chinese for `zh` and its kin, in English for every other language."""
        return self.chinese if language.startswith("zh") else self.english


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of a table. A row by `SYSTEM` alone is triggered by the system, every other by a person.

    The `guard` must hold besides; the run, or the transaction that takes the action, sees to it.
    """

    current: str
    action: str
    next: str
    by: frozenset[Actor]
    guard: Guard | None = None

    @property
    def trigger(self) -> str:
        return "system" if self.by == {Actor.SYSTEM} else "person"


@dataclass(frozen=True, slots=True)
class Statuses:
    """What each role reads for a system state. Warehouses read what merchants read."""

    buyer: Word
    merchant: Word
    operator: Word

    def read_by(self, viewer: Actor) -> Word:
        if viewer is Actor.BUYER:
            return self.buyer
        return self.merchant if viewer in (Actor.MERCHANT, Actor.WAREHOUSE) else self.operator


@dataclass(frozen=True, slots=True)
class Machine:
    """The states of one order type. `rows` is the table; `statuses` maps every state for every role."""

    name: str
    version: int
    initial: str
    final: frozenset[str]
    rows: tuple[Transition, ...]
    statuses: Mapping[str, Statuses]

    @property
    def states(self) -> tuple[str, ...]:
        return tuple(self.statuses)

    def knows(self, action: str) -> bool:
        """Whether such an action is in the table at all: earlier versions lack what came later."""
        return any(row.action == action for row in self.rows)

    def next(self, current: str, action: str, actor: Actor = Actor.SYSTEM) -> str:
        """The state that `action` by `actor` leads to. Raises `ActionNotAllowed`, naming state and action."""
        for row in self.rows:
            if row.current == current and row.action == action:
                if actor in row.by:
                    return row.next
                raise ActionNotAllowed(f"{action} is not for the {actor}", state=current, action=action, actor=actor)
        raise ActionNotAllowed(f"{action} is not possible while {current}", state=current, action=action)

    def allows(self, current: str, action: str, actor: Actor) -> bool:
        return any(row.current == current and row.action == action and actor in row.by for row in self.rows)

    def guard_of(self, current: str, action: str) -> Guard | None:
        return next((row.guard for row in self.rows if (row.current, row.action) == (current, action)), None)

    def actions_of(self, actor: Actor) -> tuple[str, ...]:
        """Every action that `actor` may ever take, in the table's order."""
        return tuple(dict.fromkeys(row.action for row in self.rows if actor in row.by))

    def reachable(self, start: str | None = None) -> frozenset[str]:
        """Every state that may still come from `start` on, itself among them; from the initial state without."""
        found, fresh = {start or self.initial}, {start or self.initial}
        while fresh:
            fresh = {row.next for row in self.rows if row.current in fresh} - found
            found |= fresh
        return frozenset(found)


def rows(
    current: Iterable[str] | str, action: str, next_state: str | None, *by: Actor, guard: Guard | None = None
) -> tuple[Transition, ...]:
    """The rows of one action from one or several states; a `next_state` of `None` stays where it is."""
    states = (current,) if isinstance(current, str) else tuple(current)
    return tuple(Transition(state, action, next_state or state, frozenset(by), guard) for state in states)
