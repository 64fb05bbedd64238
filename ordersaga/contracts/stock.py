"""What workflows ask of the stock (R-STK-1, R-STK-2)."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime

from temporalio import activity


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveStock:
    order_no: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeductStock:
    order_no: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseStock:
    order_no: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipStock:
    parcel_no: str
    at: datetime


class StockActivities(ABC):
    """Each is one transaction and harmless when it runs again."""

    @activity.defn(name="reserve_stock")
    @abstractmethod
    async def reserve(self, request: ReserveStock) -> None:
        """Hold the units of the lines that are deducted at submit, all or nothing. Refuses with `out_of_stock`."""

    @activity.defn(name="deduct_stock")
    @abstractmethod
    async def deduct(self, request: DeductStock) -> None:
        """The order is paid: hold the units of its other lines, all or nothing. Refuses with `out_of_stock`."""

    @activity.defn(name="release_stock")
    @abstractmethod
    async def release(self, request: ReleaseStock) -> None:
        """Give back what the order holds; a later reserve of the same order is refused."""

    @activity.defn(name="ship_stock")
    @abstractmethod
    async def ship(self, request: ShipStock) -> None:
        """The parcel has left: its units are neither on hand nor reserved any more."""
