"""What workflows ask of the order record (R-SUB-2, R-SUB-5, R-STM-4)."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from temporalio import activity

from ordersaga.domain.messages import ActedBy, Placement, StateReached
from ordersaga.domain.policies import Policies


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordOrder:
    """`held_until` is when something that the order holds ends, and with it the time to pay."""

    order_no: str
    order_type: str
    table_version: int
    policy_version: int
    at: datetime
    under_review: bool = False
    held_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedOrder:
    """What the run needs to know. `payable` and `due_now` are in minor units; an order of nothing needs no payment.

    `sale` are the terms of the campaign that it was placed under.
    """

    payment_due_at: datetime
    policies: Policies
    due_now: int
    summary: str
    payable: int = 0
    sale: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefuseOrder:
    order_no: str
    refusal: Placement


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveOrder:
    """One transition. `step` numbers it within the run, so that it is recorded once; `notify` tells the buyer.

    `payment_due_at` and `after_sales_until` are set where the action changes them.
    """

    order_no: str
    step: int
    action: str
    from_state: str
    to_state: str
    at: datetime
    by: ActedBy
    notify: str | None = None
    payment_due_at: datetime | None = None
    after_sales_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindBuyer:
    """Tell the buyer something that no transition tells."""

    order_no: str
    kind: str
    at: datetime


class OrderActivities(ABC):
    """Each is one transaction and harmless when it runs again."""

    @activity.defn(name="record_order")
    @abstractmethod
    async def record(self, request: RecordOrder) -> RecordedOrder:
        """Turn the submission into an order. Refuses with `placing_timed_out` once the submission was refused."""

    @activity.defn(name="refuse_order")
    @abstractmethod
    async def refuse(self, request: RefuseOrder) -> Placement:
        """Refuse the submission for good, unless it has become an order; the answer says which."""

    @activity.defn(name="move_order")
    @abstractmethod
    async def move(self, request: MoveOrder) -> StateReached | None:
        """Change the order's state, compared and set, with its audit row. Where it stands then; runs that were recorded
        earlier were not told.
        """

    @activity.defn(name="remind_buyer")
    @abstractmethod
    async def remind(self, request: RemindBuyer) -> None:
        """Write the buyer a notification, once for each kind."""
