"""What workflows ask of after-sales cases (R-REV-3 … R-REV-7, R-CMP-1)."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from temporalio import activity

from ordersaga.domain.after_sales.case import Kind
from ordersaga.domain.lifecycle.after_sales import CaseState
from ordersaga.domain.messages import ActedBy, OrderStart


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeUpCase:
    case_no: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ActOnCase:
    """A `Command`. `name` tells one from another: the same again is answered and not repeated.

    `expected` is the state in which the run's own commands make sense; elsewhere they are passed over.
    """

    case_no: str
    command: str
    name: str
    by: ActedBy
    at: datetime
    details: dict[str, Any] = field(default_factory=dict)
    expected: CaseState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """The order that a case ends in, and what its run begins with. `is_placed` is `None` until that is decided."""

    workflow: str
    start: OrderStart
    buyer: str
    merchant_ids: list[str]
    is_placed: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseStanding:
    """Where a case stands, until when, and how many of its refunds are under way. `summary` is for people.

    `replacement` is what is to be placed before the case goes on.
    """

    order_no: str
    kind: Kind
    state: CaseState
    summary: str
    due_at: datetime | None = None
    remind_at: datetime | None = None
    refunds_under_way: int = 0
    replacement: Replacement | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindOfCase:
    case_no: str
    kind: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EndOrder:
    """The order's run at the end of its after-sales window, or of all its parcels.

    `action` is taken when no case is open and something of the order stays, `action_for_nothing` when nothing does.
    An action that is empty is not taken.
    """

    order_no: str
    step: int
    from_state: str
    action: str
    action_for_nothing: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedOrder:
    """The state that the order is in, its cases that are open, and its units that no refund was given for."""

    state: str
    open_cases: int
    units_left: int


class AfterSalesActivities(ABC):
    """Each is one transaction under the order's lock, and harmless when it runs again."""

    @activity.defn(name="take_up_case")
    @abstractmethod
    async def take_up(self, request: TakeUpCase) -> CaseStanding:
        """See where a case stands."""

    @activity.defn(name="act_on_case")
    @abstractmethod
    async def act(self, request: ActOnCase) -> CaseStanding:
        """Take the action that a command means, with all that follows from it. Refuses with `action_not_allowed`."""

    @activity.defn(name="remind_of_case")
    @abstractmethod
    async def remind(self, request: RemindOfCase) -> None:
        """Tell the buyer something of the case, once for each kind."""

    @activity.defn(name="end_order")
    @abstractmethod
    async def end_order(self, request: EndOrder) -> EndedOrder:
        """Complete an order on which no case is open."""
