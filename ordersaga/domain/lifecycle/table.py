"""A state machine as one literal table of (current state, action, next state) (R-STM-1, R-STM-2)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ordersaga.domain.errors import ActionNotAllowed


class Actor(StrEnum):
    """Who may act. `SYSTEM` is the workflow itself: a timer, a callback, a finished step."""

    BUYER = "buyer"
    MERCHANT = "merchant"
    WAREHOUSE = "warehouse"
    OPERATOR = "operator"
    SYSTEM = "system"


class BuyerStatus(StrEnum):
    AWAITING_PAYMENT = "awaiting_payment"
    AWAITING_SHIPMENT = "awaiting_shipment"
    PARTLY_SHIPPED = "partly_shipped"
    AWAITING_RECEIPT = "awaiting_receipt"
    RECEIVED = "received"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class MerchantStatus(StrEnum):
    UNPAID = "unpaid"
    TO_SHIP = "to_ship"
    PARTLY_SHIPPED = "partly_shipped"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    AFTER_SALES_WINDOW = "after_sales_window"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of a table. A row by `SYSTEM` alone is triggered by the system, every other by a person."""

    current: str
    action: str
    next: str
    by: frozenset[Actor]

    @property
    def trigger(self) -> str:
        return "system" if self.by == {Actor.SYSTEM} else "person"


@dataclass(frozen=True, slots=True)
class Statuses:
    """What each role calls a system state; operators see the system state itself."""

    buyer: BuyerStatus
    merchant: MerchantStatus


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

    def actions_of(self, actor: Actor) -> tuple[str, ...]:
        """Every action that `actor` may ever take, in the table's order."""
        return tuple(dict.fromkeys(row.action for row in self.rows if actor in row.by))

    def reachable(self) -> frozenset[str]:
        found, fresh = {self.initial}, {self.initial}
        while fresh:
            fresh = {row.next for row in self.rows if row.current in fresh} - found
            found |= fresh
        return frozenset(found)


def rows(current: Iterable[str] | str, action: str, next_state: str | None, *by: Actor) -> tuple[Transition, ...]:
    """The rows of one action from one or several states; a `next_state` of `None` stays where it is."""
    states = (current,) if isinstance(current, str) else tuple(current)
    return tuple(Transition(state, action, next_state or state, frozenset(by)) for state in states)
