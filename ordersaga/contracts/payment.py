"""What workflows ask of payments (R-PAY-2, R-PAY-3)."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime

from temporalio import activity

from ordersaga.domain.payment import Instalment


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlePayments:
    order_no: str
    at: datetime
    instalment: Instalment = Instalment.FULL


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """Where the reports have led the order, and how many attempts could still be paid.

    A paid order is said to be paid even if it has gone further, so that the answer is the same again.
    """

    state: str
    open_attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseAttempts:
    order_no: str


class PaymentActivities(ABC):
    @activity.defn(name="settle_payments")
    @abstractmethod
    async def settle(self, request: SettlePayments) -> Settlement:
        """Apply what providers reported and move the order accordingly, in one transaction."""

    @activity.defn(name="close_attempts")
    @abstractmethod
    async def close_attempts(self, request: CloseAttempts) -> None:
        """Close every open attempt at its provider; what the provider says of it is stored as a report (P2)."""
