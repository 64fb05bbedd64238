"""A case's run, begun by what changes the case (R-REV-7)."""

from temporalio.common import SearchAttributePair, TypedSearchAttributes

from ordersaga.contracts.search_attributes import ORDER_NO, ORDER_STATUS
from ordersaga.domain.after_sales.case import order_no_of
from ordersaga.domain.lifecycle.after_sales import INITIAL
from ordersaga.domain.messages import AFTER_SALES_WORKFLOW, CASE_CHANGED, CaseStart, case_workflow_id
from ordersaga.gateways.beginning import Neighbour


def run_of(case_no: str) -> Neighbour:
    attributes = [SearchAttributePair(ORDER_NO, order_no_of(case_no)), SearchAttributePair(ORDER_STATUS, INITIAL)]
    return Neighbour(
        workflow=AFTER_SALES_WORKFLOW,
        workflow_id=case_workflow_id(case_no),
        start=CaseStart(case_no=case_no),
        signal=CASE_CHANGED,
        summary=f"After-sales case {case_no}",
        search_attributes=TypedSearchAttributes(attributes),
    )
