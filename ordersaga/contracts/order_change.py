"""What workflows ask of a change of an unpaid order (R-REV-1)."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime

from temporalio import activity

from ordersaga.domain.messages import ActedBy


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyChange:
    order_no: str
    proposal_id: str
    at: datetime
    by: ActedBy


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedOrder:
    """What the run needs to know from then on; sums in minor units. Not `applied` while an attempt to pay is open."""

    applied: bool
    payable: int = 0
    due_now: int = 0
    summary: str = ""
    holds_offers: bool = False


class OrderChangeActivities(ABC):
    @activity.defn(name="change_order")
    @abstractmethod
    async def apply(self, request: ApplyChange) -> ChangedOrder:
        """Let the order be as the accepted proposal says, in one transaction, once. Refuses what is outdated."""
