"""What the tests of returns and exchanges stand on: the cases' stand, with goods that travel, and shelves to see."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from ordersaga.domain.after_sales.case import Case
from ordersaga.domain.after_sales.replacement import replacement_no
from ordersaga.domain.after_sales.units import UnitFate
from ordersaga.domain.lifecycle.after_sales import CaseState
from ordersaga.domain.messages import case_workflow_id
from ordersaga.gateways.after_sales import run_of
from ordersaga.gateways.beginning import begin
from ordersaga.persistence import after_sales, notifications, stocktaking
from ordersaga.persistence.orders import Order
from ordersaga.persistence.verification import verify_order
from tests.integration.case_stand import WAREHOUSE, CaseStand
from tests.integration.order_runs import BUYER, PATIENCE
from tests.integration.order_stand import QUEUE
from tests.shop import until

SHIPMENT: dict[str, Any] = {"carrier": "black-cat", "tracking_no": "BC-0042"}


AGAIN_AND_AGAIN = 1000


@dataclass
class ExchangeStand(CaseStand):
    """`inspects` speaks of lines as (line number, units accepted, onto which stock)."""

    async def returning(self, case: Case) -> Case:
        """Approved, and sent back."""
        await self.decides(case)
        assert await self.says(case, "ship_back", **SHIPMENT) == CaseState.RETURNING
        return case

    async def inspects(self, case: Case, *lines: tuple[int, int, str]) -> str:
        said = [{"line_no": line_no, "accepted": count, "restock": onto} for line_no, count, onto in lines]
        return await self.says(case, "accept", WAREHOUSE, lines=said)

    async def misjudges(self, case: Case, *lines: tuple[int, int, str]) -> str:
        """Say of an inspection what is to be refused. The refusal's code."""
        said = [{"line_no": line_no, "accepted": count, "restock": onto} for line_no, count, onto in lines]
        return await self.refusal(case, "accept", WAREHOUSE, lines=said)

    async def exchanged(self, case: Case, *lines: tuple[int, int, str]) -> Order:
        """The case goes its way; the order that it ends in, with its parcels begun."""
        await self.returning(case)
        await self.inspects(case, *lines)
        assert await self.ends(case) == CaseState.EXCHANGED
        return await self.orders.until(replacement_no(case), "in_production")

    async def is_being_placed(self, case: Case) -> None:
        """Wait until the replacement's order is about to be recorded."""
        await until(partial(self._tried, replacement_no(case), "record_order"), bool, PATIENCE)

    async def begins_again(self, case: Case) -> None:
        """Somebody ends the case's run while it waits for the replacement's order to be placed; it is begun anew."""
        await self.is_being_placed(case)
        await self.run(case).terminate()
        await begin(self.orders.client, run_of(case.case_no), task_queue=QUEUE, patience=timedelta(seconds=PATIENCE))
        self.may_be_placed(case)

    def may_not_be_placed(self, case: Case) -> None:
        """The database is away whenever the replacement's order is to be recorded, until it may be."""
        self.orders.away(replacement_no(case), "record_order", AGAIN_AND_AGAIN)

    def may_be_placed(self, case: Case) -> None:
        self.orders.away(replacement_no(case), "record_order", 0)

    async def _tried(self, order_no: str, step: str) -> bool:
        return bool(self.orders.tried(order_no, step))

    async def arrives(self, order_no: str) -> None:
        """All parcels of an order reach its buyer."""
        for parcel_no in await self.orders.split_parcels(order_no):
            await self.orders.arrives(parcel_no)
        await self.orders.until(order_no, "delivered")

    async def completes(self, order_no: str) -> str:
        """The buyer confirms, and the time to claim passes."""
        await self.orders.asks(order_no, "confirm_receipt")
        return await self.expires(order_no)

    async def expires(self, order_no: str) -> str:
        """The time to claim on an order passes."""
        order = await self.orders.order(order_no)
        assert order.after_sales_until is not None
        await self.orders.passes(order_no, order.after_sales_until - order.placed_at)
        return await self.orders.ends(order_no)

    async def gives_back(self, case: Case) -> int:
        """How much the case gives back, once the provider has."""
        await self.until(case, CaseState.REFUNDING)
        refunds = await self.pays_back(case)
        assert await self.ends(case) == CaseState.REFUNDED
        return sum(refund.amount.amount for refund in refunds)

    async def shelf(self, sku: str) -> tuple[int, int, int]:
        """On hand, reserved and defective in all warehouses, having seen that the ledger adds up to them."""
        async with self.orders.database.transaction() as connection:
            balances = await stocktaking.balances(connection, sku)
        assert all(balance.adds_up for balance in balances), balances
        return (
            sum(balance.on_hand for balance in balances),
            sum(balance.reserved for balance in balances),
            sum(balance.defective for balance in balances),
        )

    async def fates(self, order_no: str, line_no: int = 1) -> dict[int, UnitFate]:
        """What became of the units of a line that cases claim or claimed."""
        async with self.orders.database.transaction() as connection:
            claims = await after_sales.claims(connection, order_no)
        return {unit: claim.fate for unit, claim in sorted(claims.get(line_no, {}).items())}

    async def verifies(self, *order_nos: str) -> None:
        """The chain of audit rows of each order, and everything that they seal."""
        for order_no in order_nos:
            async with self.orders.database.transaction() as connection:
                assert await verify_order(connection, order_no, self.refunds.keys) == []

    def mute(self, case: Case, step: str) -> None:
        """The step of the case's run will be done, and its answer lost."""
        self.orders.outages.answers[case_workflow_id(case.case_no), step] = 1

    def away(self, case: Case, step: str) -> None:
        """The database will be away when the case's run tries a step."""
        self.orders.outages.before[case_workflow_id(case.case_no), step] = 1

    async def told(self, case: Case) -> list[str]:
        """What the buyer was told of the case, the last word first."""
        async with self.orders.database.transaction() as connection:
            found = await notifications.page(connection, BUYER.subject, before=None, limit=1000)
        return [item.kind for item in found if item.case_no == case.case_no]
