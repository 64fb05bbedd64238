"""Entitling: what a provider grants for a paid order, and takes back (R-TYPE-4)."""

from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

from ordersaga.contracts.entitlements import EntitlementActivities, GrantEntitlements, RevokeEntitlements
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.messages import OrderStart
from ordersaga.domain.pricing.restoration import Undoing
from workflows.placing import Placing
from workflows.refunding import Refunding
from workflows.steps import perform_regularly

REFUSED, UNAVAILABLE = "entitlement_refused", "entitlement_unavailable"
"""Why the money goes back."""

# The provider is another company: its calls may take their time.
_CALL = timedelta(seconds=60)


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
        refusal = await self._refusal()
        if not refusal:
            return True
        workflow.logger.warning("a paid order is refunded for want of an entitlement", extra={"reason": refusal})
        await self.give_back(Undoing.REFUNDED)
        await self.refunded(Action.MISS_STOCK, reason=refusal)
        await self._revoke(forced=True)
        return False

    async def _refusal(self) -> str:
        """Why not every unit was granted; nothing if it was. Money is not kept for ever with nothing delivered (W3)."""
        try:
            granted = await perform_regularly(
                EntitlementActivities.grant,
                GrantEntitlements(order_no=self.order_no, at=workflow.now()),
                summary="Have the entitlements granted",
                within=timedelta(seconds=self.recorded.policies.grant_seconds),
                patience=_CALL,
            )
        except ActivityError:
            return UNAVAILABLE
        return "" if granted.complete else REFUSED

    async def revoked(self) -> None:
        """Take every entitlement back. Raises `ApplicationError` of the type `action_not_allowed` if one is in use."""
        if self.entitlements:
            await self._revoke(forced=False)

    async def _revoke(self, *, forced: bool) -> None:
        await perform_regularly(
            EntitlementActivities.revoke,
            RevokeEntitlements(order_no=self.order_no, at=workflow.now(), forced=forced),
            summary="Take the entitlements back",
            patience=_CALL,
        )
