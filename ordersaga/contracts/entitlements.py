"""What workflows ask of the providers of entitlements (R-TYPE-4). They lie outside: regular activities, not local."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime

from temporalio import activity


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantEntitlements:
    order_no: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantedEntitlements:
    """`complete` is false once the provider has refused a unit for good; `refusal` is its word for why."""

    complete: bool
    refusal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeEntitlements:
    """`forced` gives up on what was used meanwhile; otherwise nothing is revoked then."""

    order_no: str
    at: datetime
    forced: bool = False


class EntitlementActivities(ABC):
    """Each may run again: the provider knows a unit by its reference."""

    @activity.defn(name="grant_entitlements")
    @abstractmethod
    async def grant(self, request: GrantEntitlements) -> GrantedEntitlements:
        """Have every unit of the order granted."""

    @activity.defn(name="revoke_entitlements")
    @abstractmethod
    async def revoke(self, request: RevokeEntitlements) -> None:
        """Take back what was granted, all or nothing. Refuses with `action_not_allowed` once a unit was used."""
