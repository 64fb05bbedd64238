"""How a parcel's run is begun: by the first report of it, as often as anybody likes (R-FUL-1)."""

from datetime import timedelta

from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError

from ordersaga.contracts.search_attributes import ORDER_NO
from ordersaga.domain.lifecycle.parcel import ENDS, ParcelState, is_shipped, order_no_of
from ordersaga.domain.messages import (
    FULFILMENT_WORKFLOW,
    PARCEL_ENDED,
    PARCEL_REPORTED,
    PARCEL_SHIPPED,
    FulfilmentStart,
    ParcelEnd,
    order_workflow_id,
    parcel_workflow_id,
)

# A run that came to its end is done; one that somebody terminated is not, and begins again where the parcel is.
_REUSE = WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY


async def begin(client: Client, parcel_no: str, *, task_queue: str, patience: timedelta) -> bool:
    """Signal the run of this parcel, having started it unless it is there; `False` when it has come to its end."""
    try:
        await client.start_workflow(
            FULFILMENT_WORKFLOW,
            _start(parcel_no),
            id=parcel_workflow_id(parcel_no),
            task_queue=task_queue,
            id_reuse_policy=_REUSE,
            start_signal=PARCEL_REPORTED,
            static_summary=_summary(parcel_no),
            search_attributes=_attributes(parcel_no),
            rpc_timeout=patience,
        )
    except WorkflowAlreadyStartedError:
        return False
    return True


async def tell_order(client: Client, parcel_no: str, state: ParcelState, *, patience: timedelta) -> None:
    """Tell the order's run again what the parcel's run told it while it was away; twice is harmless.

    Raises `RPCError` while the order has no run.
    """
    run = client.get_workflow_handle(order_workflow_id(order_no_of(parcel_no)))
    if is_shipped(state):
        await run.signal(PARCEL_SHIPPED, parcel_no, rpc_timeout=patience)
    if state in ENDS:
        await run.signal(PARCEL_ENDED, ParcelEnd(parcel_no=parcel_no, state=state), rpc_timeout=patience)


def beginning(parcel_no: str, *, task_queue: str) -> WithStartWorkflowOperation[object, object]:
    """For an update that starts the run where somebody ended it."""
    return WithStartWorkflowOperation(
        FULFILMENT_WORKFLOW,
        _start(parcel_no, resumed=True),
        id=parcel_workflow_id(parcel_no),
        task_queue=task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=_REUSE,
        static_summary=_summary(parcel_no),
        search_attributes=_attributes(parcel_no),
    )


def _start(parcel_no: str, *, resumed: bool = False) -> FulfilmentStart:
    order_no = order_no_of(parcel_no)
    return FulfilmentStart(
        order_no=order_no, parcel_no=parcel_no, order_workflow_id=order_workflow_id(order_no), resumed=resumed
    )


def _attributes(parcel_no: str) -> TypedSearchAttributes:
    return TypedSearchAttributes([SearchAttributePair(ORDER_NO, order_no_of(parcel_no))])


def _summary(parcel_no: str) -> str:
    return f"Parcel {parcel_no}"
