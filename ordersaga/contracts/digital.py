"""What workflows ask of the pool of codes (R-TYPE-4)."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime

from temporalio import activity

from ordersaga.domain.messages import ActedBy


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldCodes:
    order_no: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldCodes:
    """What the order waits for beside its codes: how many units a provider is to grant."""

    entitlements: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverCodes:
    """The order's move to delivered, with everything that it holds."""

    order_no: str
    step: int
    action: str
    from_state: str
    to_state: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginReturn:
    """`number` counts the returns of an order that were asked for, so that none begins again once it has ended."""

    order_no: str
    number: int
    by: ActedBy


@dataclass(frozen=True, slots=True, kw_only=True)
class EndReturn:
    order_no: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseCodes:
    order_no: str


class DigitalActivities(ABC):
    """Each is one transaction and harmless when it runs again. No code and no digest of one passes through here."""

    @activity.defn(name="hold_codes")
    @abstractmethod
    async def hold(self, request: HoldCodes) -> HeldCodes:
        """Hold a code for each unit, all or nothing. Refuses with `out_of_stock`."""

    @activity.defn(name="deliver_codes")
    @abstractmethod
    async def deliver(self, request: DeliverCodes) -> None:
        """What the order holds is its buyer's; the order is delivered, and the buyer told."""

    @activity.defn(name="begin_return")
    @abstractmethod
    async def begin_return(self, request: BeginReturn) -> None:
        """From now on nothing of the order is revealed. Refuses with `action_not_allowed` once something was."""

    @activity.defn(name="end_return")
    @abstractmethod
    async def end_return(self, request: EndReturn) -> None:
        """The return came to nothing: the buyer keeps what was delivered."""

    @activity.defn(name="release_codes")
    @abstractmethod
    async def release(self, request: ReleaseCodes) -> None:
        """Give back what the order holds; a later hold of the same order is refused."""
