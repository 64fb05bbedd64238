"""A group of buyers: who sits in it, who paid, who leads it, and how it ends (R-TYPE-5)."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from ordersaga.domain.errors import GroupUnavailable
from ordersaga.domain.lifecycle.group import FINAL, GroupAction, GroupState, after

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_WHY_CLOSED = {
    GroupState.FULL: "full",
    GroupState.FILLED: "full",
    GroupState.EXPIRED: "expired",
    GroupState.DISSOLVED: "dissolved",
}


def code_of(order_no: str) -> str:
    """The code of the group that this order may open: ten letters to read out, and 50 bits that nobody guesses."""
    digest = int.from_bytes(hashlib.sha256(f"group:{order_no}".encode()).digest()[:7]) >> 6
    letters = "".join(_ALPHABET[digest >> shift & 31] for shift in range(45, -1, -5))
    return f"G-{letters[:5]}-{letters[5:]}"


def no_group(code: str) -> GroupUnavailable:
    """The refusal of a code that no group has."""
    return GroupUnavailable(f"there is no group {code}", group_code=code, reason="unknown_group")


class SeatState(StrEnum):
    """`LEFT`: given back. Somebody else may sit there while the group forms."""

    RESERVED = "reserved"
    PAID = "paid"
    LEFT = "left"


class Prospect(StrEnum):
    """What a group means for one of its orders: still to be seen, on to production, or the money back."""

    WAITING = "waiting"
    FILLED = "filled"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One order's seat. `seat_no` counts from 1."""

    order_no: str
    account: str
    seat_no: int
    state: SeatState
    taken_at: datetime
    updated_at: datetime

    @property
    def lives(self) -> bool:
        return self.state is not SeatState.LEFT


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group as it stands. Each change is another value; none raises but `with_seat`.

    `leader` is the account of the member who has sat there for longest; the last one is remembered once nobody sits.
    """

    code: str
    campaign: str
    size: int
    leader: str
    state: GroupState
    opened_at: datetime
    expires_at: datetime
    updated_at: datetime
    seats: tuple[Seat, ...] = ()

    @property
    def living(self) -> tuple[Seat, ...]:
        """The seats that somebody sits on, the longest taken first."""
        seats = (seat for seat in self.seats if seat.lives)
        return tuple(sorted(seats, key=lambda seat: (seat.taken_at, seat.seat_no)))

    @property
    def is_over(self) -> bool:
        return self.state in FINAL

    def seat_of(self, order_no: str) -> Seat | None:
        return next((seat for seat in self.seats if seat.order_no == order_no), None)

    def require_room(self, campaign: str, account: str, at: datetime) -> None:
        """Raises `GroupUnavailable` with the `reason` for which this buyer cannot join."""
        reason = self._why_not(campaign, account, at)
        if reason:
            raise GroupUnavailable(f"the group {self.code} cannot be joined", group_code=self.code, reason=reason)

    def _why_not(self, campaign: str, account: str, at: datetime) -> str:
        if campaign != self.campaign:
            return "other_campaign"
        if self.state not in (GroupState.EXPIRED, GroupState.DISSOLVED) and account in self._accounts():
            return "joined_already"
        return _WHY_CLOSED.get(self.state, "expired" if at >= self.expires_at else "")

    def _accounts(self) -> frozenset[str]:
        return frozenset(seat.account for seat in self.living)

    def with_seat(self, order_no: str, campaign: str, account: str, at: datetime) -> "Group":
        """The group with one more member. Raises `GroupUnavailable`."""
        self.require_room(campaign, account, at)
        taken = {seat.seat_no for seat in self.living}
        free = [number for number in range(1, self.size + 1) if number not in taken]
        seat = Seat(
            order_no=order_no,
            account=account,
            seat_no=free[0],
            state=SeatState.RESERVED,
            taken_at=at,
            updated_at=at,
        )
        action = GroupAction.TAKE_LAST_SEAT if len(free) == 1 else GroupAction.TAKE_SEAT
        return self._after(action, at, (*self.seats, seat))

    def with_paid(self, order_no: str, at: datetime) -> "Group":
        """The order is paid, and so is its seat; the same group if none is reserved for it any more."""
        seat = self.seat_of(order_no)
        if seat is None or seat.state is not SeatState.RESERVED:
            return self
        return self._after(GroupAction.PAY_SEAT, at, self._with(order_no, SeatState.PAID, at))

    def without(self, order_no: str, at: datetime) -> "Group":
        """The order gives its seat back; the same group if it has none, or the group is over.

        Leadership passes to who has sat there for longest; a group that everybody left is dissolved.
        """
        seat = self.seat_of(order_no)
        if seat is None or not seat.lives or self.is_over:
            return self
        action = GroupAction.LEAVE_SEAT if len(self.living) > 1 else GroupAction.DISSOLVE
        return self._after(action, at, self._with(order_no, SeatState.LEFT, at))

    def decided(self, at: datetime) -> "Group":
        """The group as it is by now: filled once all have paid, even in the last moment; expired when time is over.

        Seats that were not paid for are gone with an expired group; the others show who had paid.
        """
        if self.state is GroupState.FULL and all(seat.state is SeatState.PAID for seat in self.living):
            return self._after(GroupAction.FILL, at, self.seats)
        if self.is_over or at < self.expires_at:
            return self
        reserved = {seat.order_no for seat in self.living if seat.state is SeatState.RESERVED}
        seats = tuple(
            replace(seat, state=SeatState.LEFT, updated_at=at) if seat.order_no in reserved else seat
            for seat in self.seats
        )
        return self._after(GroupAction.EXPIRE, at, seats)

    def prospect(self, order_no: str) -> Prospect:
        """What its members' orders, and those that have left, have to expect."""
        seat = self.seat_of(order_no)
        if seat is None or not seat.lives:
            return Prospect.LOST
        if self.state is GroupState.FILLED:
            return Prospect.FILLED
        return Prospect.LOST if self.is_over else Prospect.WAITING

    def _with(self, order_no: str, state: SeatState, at: datetime) -> tuple[Seat, ...]:
        return tuple(
            replace(seat, state=state, updated_at=at) if seat.order_no == order_no else seat for seat in self.seats
        )

    def _after(self, action: GroupAction, at: datetime, seats: tuple[Seat, ...]) -> "Group":
        changed = replace(self, state=after(self.state, action), seats=seats, updated_at=at)
        return replace(changed, leader=changed.living[0].account) if changed.living else changed
