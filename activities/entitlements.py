"""Entitlements: granted unit by unit at their provider, and taken back while unused."""

from activities.contract import implements
from ordersaga.contracts.entitlements import (
    EntitlementActivities,
    GrantedEntitlements,
    GrantEntitlements,
    RevokeEntitlements,
)
from ordersaga.domain.errors import ActionNotAllowed
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.gateways.entitlements.provider import (
    EntitlementOrder,
    EntitlementProvider,
    EntitlementRefused,
    EntitlementsUnavailable,
    EntitlementUsed,
)
from ordersaga.persistence import entitlements, orders
from ordersaga.persistence.database import Database
from ordersaga.persistence.entitlements import PROMISED, REVOKED


class Entitlements(EntitlementActivities):
    """Without a provider every call is one to a provider that is away: it may be configured later."""

    def __init__(self, database: Database, provider: EntitlementProvider | None) -> None:
        self._database = database
        self._configured = provider

    @implements(EntitlementActivities.grant)
    async def grant(self, request: GrantEntitlements) -> GrantedEntitlements:
        async with self._database.transaction() as connection:
            order = await orders.known(connection, request.order_no)
            units = await entitlements.of_order(connection, request.order_no)
        for unit in units:
            if unit.state != PROMISED:
                continue
            wanted = EntitlementOrder(reference=unit.reference, product=unit.sku, account=order.buyer)
            try:
                await self._provider.grant(wanted)
            except EntitlementRefused as refusal:
                return GrantedEntitlements(complete=False, refusal=refusal.reason)
            async with self._database.transaction() as connection:
                await entitlements.is_granted(connection, unit, request.at)
        return GrantedEntitlements(complete=True)

    @implements(EntitlementActivities.revoke)
    async def revoke(self, request: RevokeEntitlements) -> None:
        async with self._database.transaction() as connection:
            order = await orders.known(connection, request.order_no)
            units = await entitlements.of_order(connection, request.order_no)
        references = [unit.reference for unit in units if unit.state != REVOKED]
        if not references:
            return
        try:
            await self._provider.revoke(references, forced=request.forced)
        except EntitlementUsed as used:
            raise ActionNotAllowed("an entitlement is in use", action=Action.RETURN_UNUSED, state=order.state) from used
        async with self._database.transaction() as connection:
            await entitlements.are_revoked(connection, request.order_no, request.at)

    @property
    def _provider(self) -> EntitlementProvider:
        if self._configured is None:
            raise EntitlementsUnavailable("no provider of entitlements is configured")
        return self._configured
