"""A group's states (R-TYPE-5): it forms, is full, and is filled once every seat is paid; or it comes to nothing."""

from enum import StrEnum

from ordersaga.domain.errors import ActionNotAllowed
from ordersaga.domain.lifecycle.table import Actor, rows


class GroupState(StrEnum):
    """`FULL`: every seat is taken, not every one paid. `DISSOLVED`: everybody left before its time was over."""

    FORMING = "forming"
    FULL = "full"
    FILLED = "filled"
    EXPIRED = "expired"
    DISSOLVED = "dissolved"


class GroupAction(StrEnum):
    TAKE_SEAT = "take_seat"
    TAKE_LAST_SEAT = "take_last_seat"
    PAY_SEAT = "pay_seat"
    LEAVE_SEAT = "leave_seat"
    DISSOLVE = "dissolve"
    FILL = "fill"
    EXPIRE = "expire"


INITIAL = GroupState.FORMING
FINAL = frozenset({GroupState.FILLED, GroupState.EXPIRED, GroupState.DISSOLVED})
OPEN = (GroupState.FORMING, GroupState.FULL)

# Seats are paid for and given back by the runs of their orders; whether time is over is the group's own run's to say.
ROWS = (
    *rows(GroupState.FORMING, GroupAction.TAKE_SEAT, None, Actor.BUYER),
    *rows(GroupState.FORMING, GroupAction.TAKE_LAST_SEAT, GroupState.FULL, Actor.BUYER),
    *rows(OPEN, GroupAction.PAY_SEAT, None, Actor.SYSTEM),
    *rows(OPEN, GroupAction.LEAVE_SEAT, GroupState.FORMING, Actor.BUYER, Actor.SYSTEM),
    *rows(GroupState.FORMING, GroupAction.DISSOLVE, GroupState.DISSOLVED, Actor.BUYER, Actor.SYSTEM),
    *rows(GroupState.FULL, GroupAction.FILL, GroupState.FILLED, Actor.SYSTEM),
    *rows(OPEN, GroupAction.EXPIRE, GroupState.EXPIRED, Actor.SYSTEM),
)


def after(current: GroupState, action: GroupAction) -> GroupState:
    """The state that `action` leads to. Raises `ActionNotAllowed`, naming state and action."""
    for row in ROWS:
        if (row.current, row.action) == (current, action):
            return GroupState(row.next)
    raise ActionNotAllowed(f"{action} is not possible while {current}", state=current, action=action)
