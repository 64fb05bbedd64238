"""What workflows ask of purchase limits (R-STK-3, R-SUB-5)."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime

from temporalio import activity

from ordersaga.domain.pricing.restoration import Undoing


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldLimits:
    order_no: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnLimits:
    order_no: str
    undoing: Undoing
    at: datetime


class LimitActivities(ABC):
    """Each is one transaction and harmless when it runs again."""

    @activity.defn(name="hold_limits")
    @abstractmethod
    async def hold(self, request: HoldLimits) -> None:
        """Count the order's units for the limits that were found when it was submitted, all or none.

        Refuses with `purchase_limit_exceeded`.
        """

    @activity.defn(name="return_limits")
    @abstractmethod
    async def give_back(self, request: ReturnLimits) -> None:
        """The order counts no more; a later hold of the same order is refused."""
