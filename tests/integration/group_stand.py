"""What group buys' tests stand on: the orders' stand, with campaigns of their own, and groups that have a clock too."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Self

from temporalio.client import WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import TimeSkipper

from activities.group import Groups
from ordersaga.domain.campaigns import Campaign, Sale
from ordersaga.domain.catalogue import StockPolicy
from ordersaga.domain.group import Group
from ordersaga.domain.group_buy import GROUP_CODE, GroupBuyTerms
from ordersaga.domain.lifecycle.refund import RefundState
from ordersaga.domain.messages import Placement, StateReached, group_workflow_id
from ordersaga.domain.payment import Payment
from ordersaga.domain.policies import PRODUCTION
from ordersaga.domain.pricing.quote import Hold
from ordersaga.persistence import campaigns, catalogue, groups, notifications, policies, refunds, submissions
from ordersaga.persistence.submissions import Submission
from ordersaga.persistence.verification import verify_order
from tests.goods import TAIPEI, cart, priced, twd
from tests.integration.order_runs import PATIENCE, result_of
from tests.integration.order_stand import OrderStand
from tests.integration.refund_stand import RefundStand
from tests.shop import until

SEATS = 2
HOUR = timedelta(hours=1)
"""A group's time; its orders have a quarter of it to pay."""
DEADLINE = timedelta(minutes=15, seconds=1)
"""A moment after an order's payment is due."""


@dataclass
class GroupStand:
    """`orders` is the shop around it, `refunds` what pays back."""

    orders: OrderStand
    refunds: RefundStand
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    @classmethod
    async def of(cls, orders: OrderStand) -> Self:
        async with orders.database.transaction() as connection:
            version = await policies.publish(connection, "group_buy", PRODUCTION, datetime.now(UTC))
        stand = replace(orders, policy_version=version)
        return cls(stand, RefundStand(stand))

    @property
    def steps(self) -> Groups:
        """The activities themselves, for moments that no run would bring about in time."""
        return Groups(self.orders.database)

    @asynccontextmanager
    async def delivering(self) -> AsyncIterator[None]:
        """The workers' loop over the inbox, which runs of groups and of refunds begin by."""
        async with self.refunds.delivering():
            yield

    async def campaign(self, *, size: int = SEATS, time: timedelta = HOUR, on_hand: int = 100) -> Campaign:
        """One that sells a new SKU to groups."""
        sku, now = await self.orders.shelves(on_hand), datetime.now(UTC)
        campaign = Campaign(
            code=f"{sku}-together",
            order_type="group_buy",
            name="Together",
            sku=sku,
            price=twd(7_500),
            starts_at=now - HOUR,
            ends_at=now + HOUR,
            terms=GroupBuyTerms(size=size, seconds=int(time.total_seconds())),
        )
        async with self.orders.database.transaction() as connection:
            await campaigns.put(connection, campaign, now)
        return campaign

    async def submits(
        self,
        campaign: Campaign,
        account: str,
        group: str | None = None,
        *,
        holds: Sequence[Hold] = (),
        stock_policy: StockPolicy | None = None,
        screening: Mapping[str, Any] | None = None,
    ) -> Submission:
        """What the API stores of who joins a group, or opens one."""
        name = f"{campaign.sku}-{next(self._numbers)}"
        sale = Sale(campaign=campaign, choices={GROUP_CODE: group} if group else {})
        async with self.orders.database.transaction() as connection:
            found = await catalogue.goods(connection, [campaign.sku])
            skus, sellers = list(found.skus.values()), list(found.merchants.values())
            plain = priced(cart((campaign.sku, 1)), skus, sellers, sale=sale, stock_policy=stock_policy)
            submission = Submission(
                order_no=f"G-{name}",
                quote_id=f"Q-{name}",
                buyer=account,
                idempotency_key=f"key-{name}",
                body_hash="hash",
                priced=replace(plain, holds=tuple(holds)),
                receiver=TAIPEI,
                received_at=datetime.now(UTC),
                screening=screening or {},
            )
            await submissions.add(connection, submission)
        return submission

    async def joins(self, campaign: Campaign, account: str, group: str | None = None, **more: Any) -> str:
        """The number of an order that was placed with a seat."""
        submission = await self.submits(campaign, account, group, **more)
        assert await self.orders.places(submission) == Placement(placed=True)
        return submission.order_no

    async def opened(self, campaign: Campaign, *accounts: str) -> tuple[str, list[str]]:
        """The code of a group of these accounts, and the numbers of their orders."""
        leader, *others = accounts
        first = await self.joins(campaign, leader)
        code = (await self.group_of(first)).code
        return code, [first, *[await self.joins(campaign, account, code) for account in others]]

    async def attempt(self, order_no: str) -> Payment:
        """An attempt whose provider pays back at once when it is told to."""
        payment = await self.orders.attempt(order_no)
        self.orders.provider.refusals[payment.payment_id].append(RefundState.SUCCEEDED)
        return payment

    async def pays(self, *order_nos: str) -> None:
        """The buyers pay; the orders wait for their group."""
        for order_no in order_nos:
            await self.orders.reports(await self.attempt(order_no))
            await until(partial(self._seat, order_no), lambda state: state == "paid", PATIENCE)

    async def _seat(self, order_no: str) -> str:
        seat = (await self.group_of(order_no)).seat_of(order_no)
        return seat.state if seat else ""

    async def group_of(self, order_no: str) -> Group:
        async with self.orders.database.transaction() as connection:
            group = await groups.of_order(connection, order_no)
        assert group is not None, f"{order_no} has no seat"
        return group

    async def group(self, code: str) -> Group:
        async with self.orders.database.transaction() as connection:
            group = await groups.get(connection, code)
        assert group is not None
        return group

    def run(self, code: str) -> WorkflowHandle[Any, Any]:
        return self.orders.client.get_workflow_handle(group_workflow_id(code), result_type=StateReached)

    async def begun(self, code: str) -> None:
        """Wait until the group has a run."""

        async def look() -> bool:
            try:
                await self.run(code).describe()
            except RPCError as error:
                if error.status is RPCStatusCode.NOT_FOUND:
                    return False
                raise
            return True

        await until(look, bool, PATIENCE)

    async def passes(self, code: str, time: timedelta) -> None:
        """Let `time` pass for the group's run and for nobody else."""
        await self.begun(code)
        async with asyncio.timeout(PATIENCE):
            await TimeSkipper(self.orders.client).fast_forward(self.run(code), time)

    async def ends(self, code: str) -> str:
        """The state in which the group's run ends."""
        await self.begun(code)
        return str((await result_of(self.run(code))).state)

    async def ended(self, order_no: str) -> list[str]:
        """The actions that moved an order whose run has ended, with an audit that verifies."""
        state = await self.orders.ends(order_no)
        assert (await self.orders.order(order_no)).state == state
        async with self.orders.database.transaction() as connection:
            assert await verify_order(connection, order_no, self.refunds.keys) == []
        return await self.orders.timeline(order_no)

    async def told(self, order_no: str, account: str) -> list[str]:
        """What the account was told of an order, the first first."""
        async with self.orders.database.transaction() as connection:
            page = await notifications.page(connection, account, before=None, limit=1000)
        return [found.kind for found in reversed(page) if found.order_no == order_no]

    async def paid_back(self, order_no: str) -> list[tuple[int, str, str]]:
        """Each refund of an order: what, why, and how far it is."""
        async with self.orders.database.transaction() as connection:
            found = await refunds.of_order(connection, order_no)
        return [(refund.amount.amount, refund.reason, refund.state) for refund in found]
