"""How a group's run is begun: by any change of its seats, as often as anybody likes (R-TYPE-5)."""

from datetime import timedelta

from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from ordersaga.contracts.search_attributes import ORDER_STATUS
from ordersaga.domain.lifecycle.group import INITIAL
from ordersaga.domain.messages import GROUP_CHANGED, GROUP_WORKFLOW, GroupStart, group_workflow_id


async def begin(client: Client, group_code: str, *, task_queue: str, patience: timedelta) -> bool:
    """Signal the run of this group, having started it unless it is there; `False` when it is over.

    A run that somebody terminated begins again where the group stands.
    """
    try:
        await client.start_workflow(
            GROUP_WORKFLOW,
            GroupStart(group_code=group_code),
            id=group_workflow_id(group_code),
            task_queue=task_queue,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
            start_signal=GROUP_CHANGED,
            static_summary=f"Group {group_code}",
            search_attributes=TypedSearchAttributes([SearchAttributePair(ORDER_STATUS, INITIAL)]),
            rpc_timeout=patience,
        )
    except WorkflowAlreadyStartedError:
        return False
    return True
