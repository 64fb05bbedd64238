"""What workflows ask of promotions, member benefits, coupons and points (R-SUB-2, R-SUB-5, R-REV-2)."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime

from temporalio import activity

from ordersaga.domain.pricing.restoration import Undoing


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldOffers:
    order_no: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UseOffers:
    order_no: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnOffers:
    order_no: str
    undoing: Undoing
    at: datetime


class OfferActivities(ABC):
    """Each is one transaction and harmless when it runs again."""

    @activity.defn(name="hold_offers")
    @abstractmethod
    async def hold(self, request: HoldOffers) -> None:
        """Lock what the order's price rests on: coupons, points, shares of budgets and quotas; all or nothing.

        Refuses with `coupon_unavailable`, `points_unavailable` or `offer_exhausted`.
        """

    @activity.defn(name="use_offers")
    @abstractmethod
    async def use(self, request: UseOffers) -> None:
        """The order is paid: what it holds is used."""

    @activity.defn(name="return_offers")
    @abstractmethod
    async def give_back(self, request: ReturnOffers) -> None:
        """Give back what the order holds, by the restoration rules that stood when it was held; a later hold of the
        same order is refused.
        """
