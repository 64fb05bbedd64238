"""A parcel's run, begun by the first report of the parcel, and what it tells its order's run (R-FUL-1)."""

from datetime import timedelta
from typing import Any

from temporalio.client import Client, WorkflowHandle
from temporalio.common import SearchAttributePair, TypedSearchAttributes

from ordersaga.contracts.search_attributes import ORDER_NO
from ordersaga.domain.lifecycle.parcel import ENDS, ParcelState, is_shipped, order_no_of
from ordersaga.domain.messages import (
    FULFILMENT_WORKFLOW,
    PARCEL_ENDED,
    PARCEL_REPORTED,
    PARCEL_SHIPPED,
    REVISION,
    FulfilmentStart,
    ParcelEnd,
    order_workflow_id,
    parcel_workflow_id,
)
from ordersaga.gateways.beginning import Neighbour


def run_of(parcel_no: str) -> Neighbour:
    order_no = order_no_of(parcel_no)
    order_run = order_workflow_id(order_no)
    return Neighbour(
        workflow=FULFILMENT_WORKFLOW,
        workflow_id=parcel_workflow_id(parcel_no),
        start=FulfilmentStart(
            order_no=order_no, parcel_no=parcel_no, order_workflow_id=order_run, resumed=True, revision=REVISION
        ),
        signal=PARCEL_REPORTED,
        summary=f"Parcel {parcel_no}",
        search_attributes=TypedSearchAttributes([SearchAttributePair(ORDER_NO, order_no)]),
    )


async def tell_shipped(client: Client, parcel_no: str, *, patience: timedelta) -> None:
    """Tell the order's run that the parcel has left the warehouse. Raises `RPCError` while the order has no run."""
    await _order_run(client, parcel_no).signal(PARCEL_SHIPPED, parcel_no, rpc_timeout=patience)


async def tell_ended(client: Client, parcel_no: str, state: ParcelState, *, patience: timedelta) -> None:
    """Tell the order's run how the parcel ended. Raises `RPCError` while the order has no run."""
    end = ParcelEnd(parcel_no=parcel_no, state=state)
    await _order_run(client, parcel_no).signal(PARCEL_ENDED, end, rpc_timeout=patience)


async def tell_order(client: Client, parcel_no: str, state: ParcelState, *, patience: timedelta) -> None:
    """Tell the order's run again what the parcel's run told it while it was away; twice is harmless.

    Raises `RPCError` while the order has no run.
    """
    if is_shipped(state):
        await tell_shipped(client, parcel_no, patience=patience)
    if state in ENDS:
        await tell_ended(client, parcel_no, state, patience=patience)


def _order_run(client: Client, parcel_no: str) -> WorkflowHandle[Any, Any]:
    return client.get_workflow_handle(order_workflow_id(order_no_of(parcel_no)))
