"""How a run is told that something waits for it: signals that start the run which they are for, and others."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from temporalio.client import Client

from ordersaga.domain.messages import CASE_CHANGED, GROUP_CHANGED, PARCEL_REPORTED, REFUND_DUE
from ordersaga.gateways import after_sales, group, parcel, refund
from ordersaga.gateways.beginning import Neighbour, begin

_BEGUN_BY: Mapping[str, Callable[[str], Neighbour]] = {
    REFUND_DUE: refund.run_of,
    GROUP_CHANGED: group.run_of,
    CASE_CHANGED: after_sales.run_of,
    PARCEL_REPORTED: parcel.run_of,
}


async def tell(client: Client, workflow_id: str, signal: str, *, task_queue: str, patience: timedelta) -> bool:
    """Signal a run; `False` when it has come to its end and hears nothing more. Raises `RPCError`."""
    run_of = _BEGUN_BY.get(signal)
    if run_of is None:
        await client.get_workflow_handle(workflow_id).signal(signal, rpc_timeout=patience)
        return True
    _, _, subject = workflow_id.partition("/")
    return await begin(client, run_of(subject), task_queue=task_queue, patience=patience)
