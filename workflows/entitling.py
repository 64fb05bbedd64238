"""Entitling: what a provider grants for a paid order, and takes back (R-TYPE-4)."""

from datetime import timedelta

from temporalio import workflow

from ordersaga.contracts.entitlements import EntitlementActivities, GrantEntitlements, RevokeEntitlements
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.messages import OrderStart
from ordersaga.domain.pricing.restoration import Undoing
from workflows.placing import Placing
from workflows.refunding import Refunding
from workflows.steps import perform_regularly

REFUSED = "entitlement_refused"
"""Why the money goes back."""

# The provider is another company: its calls may take their time.
_PATIENCE = timedelta(seconds=60)


class Entitling(Placing, Refunding):
    """Orders without entitlements pass here without a step."""

    def __init__(self, start: OrderStart) -> None:
        super().__init__(start)
        self.entitlements = 0

    async def entitled(self) -> bool:
        """Whether a paid order has all of its entitlements; if not, everything was given back, the money too."""
        if not self.entitlements:
            return True
        self.tell(f"the provider to grant {self.entitlements} entitlements")
        granted = await perform_regularly(
            EntitlementActivities.grant,
            GrantEntitlements(order_no=self.order_no, at=workflow.now()),
            summary="Have the entitlements granted",
            patience=_PATIENCE,
        )
        if granted.complete:
            return True
        workflow.logger.warning("a provider refused an entitlement of a paid order; it is refunded")
        await self._revoke(forced=True)
        await self.give_back(Undoing.REFUNDED)
        await self.refunded(Action.MISS_STOCK, reason=REFUSED)
        return False

    async def revoked(self) -> None:
        """Take every entitlement back. Raises `ApplicationError` of the type `action_not_allowed` if one is in use."""
        if self.entitlements:
            await self._revoke(forced=False)

    async def _revoke(self, *, forced: bool) -> None:
        await perform_regularly(
            EntitlementActivities.revoke,
            RevokeEntitlements(order_no=self.order_no, at=workflow.now(), forced=forced),
            summary="Take the entitlements back",
            patience=_PATIENCE,
        )
