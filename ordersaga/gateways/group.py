"""A group's run, begun by any change of its seats (R-TYPE-5)."""

from temporalio.common import SearchAttributePair, TypedSearchAttributes

from ordersaga.contracts.search_attributes import ORDER_STATUS
from ordersaga.domain.lifecycle.group import INITIAL
from ordersaga.domain.messages import GROUP_CHANGED, GROUP_WORKFLOW, GroupStart, group_workflow_id
from ordersaga.gateways.beginning import Neighbour


def run_of(group_code: str) -> Neighbour:
    return Neighbour(
        workflow=GROUP_WORKFLOW,
        workflow_id=group_workflow_id(group_code),
        start=GroupStart(group_code=group_code),
        signal=GROUP_CHANGED,
        summary=f"Group {group_code}",
        search_attributes=TypedSearchAttributes([SearchAttributePair(ORDER_STATUS, INITIAL)]),
    )
