"""What the tests of stopped and failed parcels stand on: the cases' stand, with parcels looked at one by one."""

import asyncio
from datetime import timedelta
from typing import Any

from temporalio.client import WorkflowHandle
from temporalio.testing import TimeSkipper

from api.placement import dispose
from ordersaga.domain.after_sales.case import Case
from ordersaga.domain.lifecycle.after_sales import CaseState
from ordersaga.domain.lifecycle.parcel import ParcelState
from ordersaga.domain.messages import RESOLVE_PARCEL, ActedBy, ParcelResolution, StateReached, parcel_workflow_id
from ordersaga.gateways.beginning import beginning
from ordersaga.gateways.parcel import run_of
from ordersaga.persistence import after_sales, parcels
from ordersaga.persistence.parcels import StoredParcel
from ordersaga.persistence.verification import verify_order
from tests.integration.case_stand import MERCHANT, CaseStand
from tests.integration.order_runs import PATIENCE
from tests.shop import until


class ParcelStand(CaseStand):
    async def produced(self, *quantities: int) -> tuple[str, list[str], list[str]]:
        """An order of one seller's parcel for each quantity: its number, its parcels', its SKUs."""
        skus = [await self.orders.shelves(20) for _ in quantities]
        order_no = await self.orders.paid(*zip(skus, quantities, strict=True))
        return order_no, await self.orders.split_parcels(order_no), skus

    async def parcels(self, order_no: str) -> dict[str, StoredParcel]:
        async with self.orders.database.transaction() as connection:
            return {parcel.parcel_no: parcel for parcel in await parcels.of_order(connection, order_no)}

    async def states(self, order_no: str) -> list[str]:
        """The states of an order's parcels, the first one first."""
        return [parcel.state for parcel in (await self.parcels(order_no)).values()]

    async def becomes(self, parcel_no: str, state: ParcelState) -> None:
        """Wait until the parcel is in `state`."""
        order_no = parcel_no.rpartition("-")[0]
        await until(lambda: self.parcels(order_no), lambda found: found[parcel_no].state is state, PATIENCE)

    def parcel_run(self, parcel_no: str) -> WorkflowHandle[Any, Any]:
        return self.orders.client.get_workflow_handle(parcel_workflow_id(parcel_no), result_type=StateReached)

    async def resolves(self, parcel_no: str, decision: str, by: ActedBy = MERCHANT) -> str:
        async with asyncio.timeout(PATIENCE):
            word = ParcelResolution(decision=decision, by=by)
            operation = beginning(run_of(parcel_no), task_queue=self.orders.queue)
            try:
                resolved = await self.orders.client.execute_update_with_start_workflow(
                    RESOLVE_PARCEL, word, start_workflow_operation=operation, result_type=StateReached
                )
            finally:
                await dispose(operation)
            return str(resolved.state)

    async def waits_for_parcel(self, parcel_no: str, time: timedelta) -> None:
        """Let `time` pass for the parcel's run and for nobody else."""
        async with asyncio.timeout(PATIENCE):
            await TimeSkipper(self.orders.client).fast_forward(self.parcel_run(parcel_no), time)

    async def cases(self, order_no: str) -> list[Case]:
        async with self.orders.database.transaction() as connection:
            return list(await after_sales.of_order(connection, order_no))

    async def refunding(self, order_no: str) -> list[Case]:
        """The order's cases, once all are being paid back or over."""
        paid_back = {CaseState.REFUNDING, CaseState.REFUNDED, CaseState.WITHDRAWN, CaseState.CLOSED}
        return await until(
            lambda: self.cases(order_no),
            lambda found: bool(found) and {case.state for case in found} <= paid_back,
            PATIENCE,
        )

    async def pays_back_all(self, order_no: str) -> int:
        """The provider pays back what every case of an order gives back. How much that is."""
        for case in await self.refunding(order_no):
            await self.pays_back(case)
            await self.ends(case)
        return (await self.captured(order_no)).refunded

    async def verified(self, order_no: str) -> bool:
        """Whether the order's audit and records agree."""
        async with self.orders.database.transaction() as connection:
            return await verify_order(connection, order_no, self.refunds.keys) == []
