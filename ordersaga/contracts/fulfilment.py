"""What workflows ask of fulfilment (R-SPL-1, R-FUL-1)."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime

from temporalio import activity

from ordersaga.domain.lifecycle.parcel import ParcelState


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitOrder:
    order_no: str
    step: int
    action: str
    from_state: str
    to_state: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitParcels:
    parcel_nos: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvanceParcel:
    parcel_no: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelProgress:
    state: ParcelState


class FulfilmentActivities(ABC):
    """Each is one transaction and harmless when it runs again."""

    @activity.defn(name="split_order")
    @abstractmethod
    async def split(self, request: SplitOrder) -> SplitParcels:
        """Store the order's parcels and move it into production."""

    @activity.defn(name="advance_parcel")
    @abstractmethod
    async def advance(self, request: AdvanceParcel) -> ParcelProgress:
        """Apply every report of the parcel that has not been applied yet."""
