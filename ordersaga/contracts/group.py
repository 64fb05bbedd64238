"""What workflows ask of groups of buyers (R-TYPE-5)."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime

from temporalio import activity

from ordersaga.domain.group import Prospect, SeatState
from ordersaga.domain.lifecycle.group import GroupState


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeSeat:
    order_no: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenSeat:
    """The order's seat is reserved until the group's time is over."""

    group_code: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PaySeat:
    order_no: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveSeat:
    order_no: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """What an order has to expect of its group; `paid` counts the seats that are paid for."""

    prospect: Prospect
    group_code: str = ""
    size: int = 0
    paid: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideGroup:
    group_code: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Who sits in a group, by order number."""

    order_no: str
    state: SeatState


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedGroup:
    """Where the group stands; the first of its `members` leads it. `campaign` and `size` are for people."""

    campaign: str
    size: int
    state: GroupState
    expires_at: datetime
    members: list[Member]


class GroupActivities(ABC):
    """Each is one transaction under the group's lock, and harmless when it runs again."""

    @activity.defn(name="take_seat")
    @abstractmethod
    async def take_seat(self, request: TakeSeat) -> TakenSeat:
        """Reserve a seat in the group that the buyer chose, or open one. Refuses with `group_unavailable`."""

    @activity.defn(name="pay_seat")
    @abstractmethod
    async def pay_seat(self, request: PaySeat) -> Membership:
        """The order is paid, and so is its seat, if the group still has it; the answer says what comes of it."""

    @activity.defn(name="leave_seat")
    @abstractmethod
    async def leave_seat(self, request: LeaveSeat) -> Membership:
        """Give the order's seat back, unless its group is over; a later take of the same order is refused."""

    @activity.defn(name="decide_group")
    @abstractmethod
    async def decide(self, request: DecideGroup) -> DecidedGroup:
        """Fill the group if all have paid, end it if its time is over, and tell its members' runs."""
