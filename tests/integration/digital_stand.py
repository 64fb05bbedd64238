"""What digital orders stand on: the orders' stand, with codes to sell and the sandbox's provider of entitlements."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Self

from api.placement import place
from ordersaga.domain.catalogue import Delivery
from ordersaga.domain.lifecycle.refund import RefundState
from ordersaga.domain.messages import ActedBy, Placement
from ordersaga.domain.payment import Payment
from ordersaga.domain.policies import PRODUCTION
from ordersaga.persistence import catalogue, entitlements, policies, refunds, submissions
from ordersaga.persistence.submissions import Submission
from tests.goods import cart, priced
from tests.integration.code_pool import CodePool
from tests.integration.order_runs import PATIENCE
from tests.integration.order_stand import QUEUE, OrderStand

RETURNED_BY = ActedBy(role="buyer", subject="alice")


@dataclass
class DigitalStand:
    """`orders` is the shop around it; `pool` has SKUs of this test's own."""

    orders: OrderStand
    pool: CodePool
    policy_version: int
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    @classmethod
    async def of(cls, orders: OrderStand, **skus: int) -> Self:
        """With so many codes of each SKU."""
        pool = await CodePool.filled(orders.database, **skus)
        async with orders.database.transaction() as connection:
            version = await policies.publish(connection, "digital", PRODUCTION, datetime.now(UTC))
        return cls(orders, pool, version)

    async def waits_for_grants(self, *, seconds: int) -> None:
        """Orders that are placed from now on wait no longer than this for what a provider grants."""
        async with self.orders.database.transaction() as connection:
            rules = replace(PRODUCTION, grant_seconds=seconds)
            self.policy_version = await policies.publish(connection, "digital", rules, datetime.now(UTC))

    async def entitles(self, name: str) -> None:
        """Goods that the session's sandbox grants, or does not: what their names end in says so."""
        await self.pool.offers(name, Delivery.ENTITLEMENT)

    async def granted(self, order_no: str) -> list[str]:
        """How the order's entitlements stand, as we know them."""
        async with self.orders.database.transaction() as connection:
            return [unit.state for unit in await entitlements.of_order(connection, order_no)]

    async def submits(self, *items: tuple[str, int], buyer: str = "alice") -> Submission:
        """What the API stores of a submit."""
        mark = f"{self.pool.mark}-{next(self._numbers)}"
        wanted = [(self.pool.sku(name), units) for name, units in items]
        async with self.orders.database.transaction() as connection:
            found = await catalogue.goods(connection, [sku for sku, _ in wanted])
            submission = Submission(
                order_no=mark,
                quote_id=f"Q-{mark}",
                buyer=buyer,
                idempotency_key=f"key-{mark}",
                body_hash="hash",
                priced=priced(cart(*wanted), list(found.skus.values()), list(found.merchants.values()), ships=False),
                receiver=None,
                received_at=datetime.now(UTC),
            )
            await submissions.add(connection, submission)
        return submission

    async def places(self, submission: Submission) -> Placement:
        """The one call that the API makes; its answer."""
        placement = await place(
            self.orders.client,
            submission,
            task_queue=QUEUE,
            policy_version=self.policy_version,
            placing_seconds=60,
            deadline_seconds=PATIENCE,
        )
        assert placement is not None
        return placement

    async def placed(self, *items: tuple[str, int]) -> str:
        submission = await self.submits(*items)
        assert await self.places(submission) == Placement(placed=True)
        return submission.order_no

    async def pays(self, order_no: str) -> Payment:
        """The provider gives this money back at once if it is told to."""
        payment = await self.orders.attempt(order_no)
        self.orders.provider.refusals[payment.payment_id].append(RefundState.SUCCEEDED)
        await self.orders.reports(payment)
        return payment

    async def received(self, *items: tuple[str, int]) -> str:
        """The number of an order that was paid and delivered."""
        order_no = await self.placed(*items)
        await self.pays(order_no)
        await self.orders.until(order_no, "received")
        return order_no

    async def refunds(self, order_no: str) -> Sequence[int]:
        """What was given back of the order, in cents."""
        async with self.orders.database.transaction() as connection:
            found = await refunds.of_order(connection, order_no)
        return [refund.amount.amount for refund in found if refund.state is RefundState.SUCCEEDED]

    async def has(self, order_no: str) -> int:
        """How many codes the order has, each for a unit of its own."""
        return len(await self.pool.held_by(order_no.removeprefix(f"{self.pool.mark}-")))
