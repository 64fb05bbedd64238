"""What requests work with, put together once per process."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Request
from redis.asyncio import Redis
from temporalio.client import Client

from api.authentication import Authenticator
from api.downstream import Downstream
from api.gate import Gates
from api.hardening.rates import RateLimiter
from api.sealing import Sealer
from ordersaga.gateways.attachments.store import AttachmentStore
from ordersaga.gateways.codes import CodeVault
from ordersaga.gateways.logistics import CarrierCallbacks
from ordersaga.gateways.payment.registry import PaymentProviders
from ordersaga.gateways.pseudonyms import Pseudonyms
from ordersaga.persistence import policies
from ordersaga.persistence.database import Database
from ordersaga.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    settings: Settings
    database: Database
    redis: Redis
    temporal: Client
    providers: PaymentProviders
    carriers: CarrierCallbacks
    authenticator: Authenticator
    sealer: Sealer
    pseudonyms: Pseudonyms
    rates: RateLimiter
    gates: Gates
    downstream: Downstream
    codes: CodeVault
    attachments: AttachmentStore
    policy_versions: dict[str, int] = field(default_factory=dict)

    async def policy_version(self, order_type: str) -> int:
        """The version that new orders of a type are pinned to: what the settings say, published once per process."""
        if order_type not in self.policy_versions:
            async with self.database.transaction() as connection:
                wanted = self.settings.policies_of(order_type)
                version = await policies.publish(connection, order_type, wanted, datetime.now(UTC))
            self.policy_versions[order_type] = version
        return self.policy_versions[order_type]


async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


UsesServices = Annotated[Services, Depends(_services)]
