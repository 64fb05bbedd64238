"""What workflows ask of refunds (R-PAY-3, P1, P6)."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime

from temporalio import activity

from ordersaga.domain.inquiry import Pace
from ordersaga.domain.lifecycle.refund import RefundState
from ordersaga.domain.messages import ActedBy


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRefund:
    payment_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedRefund:
    """What the run needs to know. `amount` is for people; `pace` is how often a silent provider is asked."""

    refund_no: str
    order_no: str
    amount: str
    state: RefundState
    tries: int
    pace: Pace


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundStep:
    refund_no: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideRefund:
    """An operator's `retry_refund` or `settle_refund` of the refund's try number `tries`."""

    refund_no: str
    action: str
    tries: int
    by: ActedBy
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundProgress:
    state: RefundState
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveMoneyBack:
    """The order's move into refunding, with the refund of everything that was paid for it, and what is told of it."""

    order_no: str
    step: int
    action: str
    from_state: str
    to_state: str
    reason: str
    by: ActedBy
    at: datetime
    notify: str | None = None
    notify_merchants: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CountRefunds:
    order_no: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfinishedRefunds:
    """How many of an order's refunds are still under way, those that wait for an operator included."""

    count: int


class RefundActivities(ABC):
    """Each answers where the refund stands after it, and is harmless when it runs again."""

    @activity.defn(name="request_refund")
    @abstractmethod
    async def request(self, request: RequestRefund) -> RequestedRefund:
        """Write the refund document and claim its sum from the payment, in one transaction, once."""

    @activity.defn(name="give_money_back")
    @abstractmethod
    async def give_money_back(self, request: GiveMoneyBack) -> UnfinishedRefunds:
        """Move the order and write a refund document for each of its payments, in one transaction, once."""

    @activity.defn(name="count_unfinished_refunds")
    @abstractmethod
    async def count_unfinished(self, request: CountRefunds) -> UnfinishedRefunds:
        """See which refunds of an order are under way."""

    @activity.defn(name="send_refund")
    @abstractmethod
    async def send(self, request: RefundStep) -> RefundProgress:
        """Tell the provider to pay back, unless that was done. Fails, to be tried again, while it does not answer."""

    @activity.defn(name="settle_refund_reports")
    @abstractmethod
    async def settle(self, request: RefundStep) -> RefundProgress:
        """Apply what the provider reported, in one transaction."""

    @activity.defn(name="ask_refund")
    @abstractmethod
    async def ask(self, request: RefundStep) -> RefundProgress:
        """Ask the provider how the refund ended, and apply its answer."""

    @activity.defn(name="decide_refund")
    @abstractmethod
    async def decide(self, request: DecideRefund) -> RefundProgress:
        """Take an operator's decision on a failed refund, with its audit row."""
