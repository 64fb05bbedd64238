"""The way back that order types with parcels share: rows of their tables (R-REV-1, R-REV-3 … R-REV-6).

Cases have a table of their own; an order only says when one may be opened, and where it ends when nothing of it stays.
"""

from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.guards import Guard
from ordersaga.domain.lifecycle.states import State
from ordersaga.domain.lifecycle.table import Actor, Transition, rows

_TO_SHIP = (State.PAID, State.IN_PRODUCTION, State.PARTLY_SHIPPED)
_UNDER_WAY = (State.IN_PRODUCTION, State.PARTLY_SHIPPED, State.SHIPPED)
_CLAIMABLE = (State.PARTLY_SHIPPED, State.SHIPPED, State.DELIVERED, State.RECEIVED)


def note_rows(*states: str) -> tuple[Transition, ...]:
    """The note for the delivery may be changed in these states."""
    return rows(states, Action.CHANGE_DELIVERY_NOTE, None, Actor.BUYER, Actor.OPERATOR, guard=Guard.BEFORE_FIRST_LABEL)


ROWS = (
    *rows(
        _TO_SHIP,
        Action.REQUEST_CANCELLATION,
        None,
        Actor.BUYER,
        Actor.MERCHANT,
        Actor.OPERATOR,
        guard=Guard.UNITS_TO_CANCEL,
    ),
    *rows(_CLAIMABLE, Action.REQUEST_AFTER_SALES, None, Actor.BUYER, Actor.OPERATOR, guard=Guard.UNITS_TO_CLAIM),
    *rows(_UNDER_WAY, Action.LOSE_LAST_PARCEL, State.REFUNDING, Actor.SYSTEM),
    *rows(State.RECEIVED, Action.RETURN_EVERYTHING, State.REFUNDED, Actor.SYSTEM),
    *note_rows(State.PAID, State.IN_PRODUCTION),
)
UNPAID_ROWS = note_rows(State.AWAITING_PAYMENT, State.PAYMENT_FAILED)
