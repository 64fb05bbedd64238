"""The port to providers of entitlements (R-TYPE-4): what the order system asks of any of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class EntitlementOrder:
    """One unit to grant. `reference` is ours, and the same each time that it is sent; `product` is our SKU."""

    reference: str
    product: str
    account: str


class EntitlementRefused(Exception):
    """The provider will not grant this, however often it is asked. `reason` is its stable word for why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class EntitlementUsed(Exception):
    """Something of what was to be revoked is in use."""


class EntitlementsUnavailable(Exception):
    """The provider did not answer, or answered with an error of its own; asking again may help."""


class EntitlementProvider(Protocol):
    name: str

    async def grant(self, order: EntitlementOrder) -> None:
        """Grant one unit. Idempotent by `reference`. Raises `EntitlementRefused`, `EntitlementsUnavailable`."""
        ...

    async def revoke(self, references: Sequence[str], *, forced: bool = False) -> None:
        """Revoke all of these, or none if one was used; `forced`, all that were not. Unknown ones are never granted
        after this.

        Idempotent. Raises `EntitlementUsed`, `EntitlementsUnavailable`.
        """
        ...
