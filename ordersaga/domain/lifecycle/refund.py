"""A refund's way back to the buyer (R-PAY-3, P1, P6). A failed one waits for an operator; nothing else ends it."""

from enum import StrEnum

from ordersaga.domain.errors import ActionNotAllowed
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.table import Actor, rows


class RefundState(StrEnum):
    """`SENT`: the provider has it and has not said how it ended. `SETTLED`: paid back by hand."""

    REQUESTED = "requested"
    SENT = "sent"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SETTLED = "settled"


INITIAL = RefundState.REQUESTED
FINAL = frozenset({RefundState.SUCCEEDED, RefundState.SETTLED})
_UNDER_WAY = (RefundState.REQUESTED, RefundState.SENT)

# A success counts even after a failure: the provider has paid, whatever it said before.
ROWS = (
    *rows(RefundState.REQUESTED, Action.SEND_REFUND, RefundState.SENT, Actor.SYSTEM),
    *rows((*_UNDER_WAY, RefundState.FAILED), Action.COMPLETE_REFUND, RefundState.SUCCEEDED, Actor.SYSTEM),
    *rows(_UNDER_WAY, Action.FAIL_REFUND, RefundState.FAILED, Actor.SYSTEM),
    *rows(RefundState.FAILED, Action.RETRY_REFUND, RefundState.REQUESTED, Actor.OPERATOR),
    *rows(RefundState.FAILED, Action.SETTLE_REFUND, RefundState.SETTLED, Actor.OPERATOR),
)
DECISIONS = frozenset(row.action for row in ROWS if row.by == {Actor.OPERATOR})


def allows(current: RefundState, action: str, actor: str) -> bool:
    return any((row.current, row.action) == (current, action) and actor in row.by for row in ROWS)


def after(current: RefundState, action: str, actor: str = Actor.SYSTEM) -> RefundState:
    """The state that `action` by `actor` leads to. Raises `ActionNotAllowed`, naming state and action."""
    for row in ROWS:
        if (row.current, row.action) == (current, action):
            if actor in row.by:
                return RefundState(row.next)
            raise ActionNotAllowed(f"{action} is not for the {actor}", state=current, action=action, actor=actor)
    raise ActionNotAllowed(f"{action} is not possible while {current}", state=current, action=action)
