"""Goods that come back: announced by their buyer, received and inspected by a warehouse (R-REV-5).

Where goods are that an inspection refused, and for which an operator decides otherwise, is between the warehouse and
whoever has them: nothing is put onto a shelf that nobody has accepted.
"""

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.after_sales import replacement, settlement
from ordersaga.contracts.after_sales import ActOnCase
from ordersaga.domain.after_sales.case import Case, Kind
from ordersaga.domain.after_sales.details import inspected_in
from ordersaga.domain.after_sales.inspection import inspected, is_refusal
from ordersaga.domain.errors import ActionNotAllowed, RuleInvalid
from ordersaga.domain.lifecycle.after_sales import CaseAction
from ordersaga.persistence import orders, stocktaking
from ordersaga.persistence.restocking import GoodsBack, restock

_ACCEPTANCES = frozenset({CaseAction.ACCEPT_FOR_REFUND, CaseAction.ACCEPT_FOR_EXCHANGE})


def action_for(case: Case, action: CaseAction, request: ActOnCase) -> CaseAction:
    """`action`, or `REFUSE_GOODS` for an inspection that accepts nothing: that needs a word of why. Raises
    `RuleInvalid`.
    """
    if action in _ACCEPTANCES and is_refusal(inspected(case, inspected_in(request.details))):
        action = CaseAction.REFUSE_GOODS
    if action is CaseAction.REFUSE_GOODS and not (request.by.reason or request.by.note):
        raise RuleInvalid("note", "says why the goods are refused")
    return action


async def ship_back(connection: AsyncConnection, case: Case, request: ActOnCase) -> Case:
    """The buyer has handed the goods to a carrier: `details` name it and its `tracking_no`."""
    return replace(case, return_shipment={**request.details, "shipped_at": request.at.isoformat()})


async def receive(connection: AsyncConnection, case: Case, request: ActOnCase) -> Case:
    """A warehouse has the goods, announced or not."""
    announced = case.return_shipment or {}
    return replace(case, return_shipment={**announced, "received_at": request.at.isoformat()})


async def accept_for_refund(connection: AsyncConnection, case: Case, request: ActOnCase) -> Case:
    return await settlement.settle(connection, await _accept(connection, case, request), request)


async def accept_for_exchange(connection: AsyncConnection, case: Case, request: ActOnCase) -> Case:
    case = await _accept(connection, case, request)
    await replacement.submit(connection, case, request.at)
    return case


async def resolve_refund(connection: AsyncConnection, case: Case, request: ActOnCase) -> Case:
    return await settlement.settle(connection, _whole(case) if case.kind is Kind.RETURN else case, request)


async def resolve_exchange(connection: AsyncConnection, case: Case, request: ActOnCase) -> Case:
    case = _whole(case)
    await replacement.submit(connection, case, request.at)
    return case


async def _accept(connection: AsyncConnection, case: Case, request: ActOnCase) -> Case:
    """Take the first units of each line, as many as the inspection accepted, onto the stock that it names."""
    warehouse_id = case.warehouse_id
    if warehouse_id is None:
        raise ActionNotAllowed("no warehouse is known that the goods came from", action=request.command)
    case = replace(case, lines=inspected(case, inspected_in(request.details)))
    skus = {line.line_no: line.sku for line in (await orders.lines_of(connection, [case.order_no]))[case.order_no]}
    # What comes back and what is kept for it are locked together, in the order that everybody keeps.
    touched = {sku for line in case.lines for sku in (skus[line.line_no], line.replacement_sku) if sku is not None}
    await stocktaking.lock(connection, touched)
    goods = [
        GoodsBack(line.line_no, skus[line.line_no], len(line.taken), line.restock)
        for line in case.lines
        if line.restock is not None
    ]
    await restock(connection, case.case_no, warehouse_id, goods, request.at)
    return case


def _whole(case: Case) -> Case:
    """What an operator decides counts for all that was claimed, whatever a warehouse said of it."""
    return replace(case, lines=tuple(replace(line, accepted=line.units) for line in case.lines))
