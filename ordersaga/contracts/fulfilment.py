"""What workflows ask of fulfilment (R-SPL-1, R-FUL-1)."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime

from temporalio import activity

from ordersaga.domain.lifecycle.parcel import ParcelState
from ordersaga.domain.messages import ActedBy


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
    """`were_there`: the order was split before, and its parcels may have come far."""

    parcel_nos: list[str]
    were_there: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvanceParcel:
    parcel_no: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveParcel:
    """A `Resolution` of a parcel that was lost or refused. Of one that was found meanwhile, the system says nothing."""

    parcel_no: str
    decision: str
    by: ActedBy
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelProgress:
    """How far a parcel has come, and until when a parcel astray may be found, or somebody say what is to be done."""

    state: ParcelState
    astray_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListParcels:
    order_no: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedParcel:
    parcel_no: str
    state: ParcelState


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedParcels:
    parcels: list[ListedParcel]


@dataclass(frozen=True, slots=True, kw_only=True)
class TellOrder:
    """`ended` is how the parcel ended; without it the parcel has left the warehouse."""

    parcel_no: str
    ended: ParcelState | None = None


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

    @activity.defn(name="resolve_parcel")
    @abstractmethod
    async def resolve(self, request: ResolveParcel) -> ParcelProgress:
        """Write a parcel off that was lost or refused, with other goods under way or the money, in one transaction.

        Refuses with `action_not_allowed`.
        """

    @activity.defn(name="list_parcels")
    @abstractmethod
    async def list(self, request: ListParcels) -> ListedParcels:
        """Every parcel of an order, those included that came in the place of others."""


class TellingActivities(ABC):
    """Signals to other runs; telling a run twice is harmless."""

    @activity.defn(name="tell_order")
    @abstractmethod
    async def tell_order(self, request: TellOrder) -> None:
        """Tell the order's run that the parcel has left or has ended, if that run is still there."""
