"""After-sales cases in the words, and with the parts, that each role may see (R-STM-2, P8)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import actor_of
from api.authentication import Caller, Role
from api.refunds import refund_document
from api.schemas.after_sales import CaseHeading, CaseView
from api.schemas.values import money
from ordersaga.domain.after_sales.breakdown import Breakdown, UnitsBack
from ordersaga.domain.after_sales.case import Case, CaseLine
from ordersaga.domain.after_sales.commands import commands_of, why_not
from ordersaga.domain.pricing.quote import PricedLine
from ordersaga.persistence import attachments, orders, refunds, transitions

_MAY_SEE_REFUNDS = frozenset({Role.BUYER, Role.OPERATOR, Role.DOWNSTREAM})

_NOT_TOLD_WHY = frozenset({Role.WAREHOUSE, Role.DOWNSTREAM})
"""What people wrote is for those who decide about it."""


def may_see(case: Case, caller: Caller, buyer: str) -> bool:
    """Merchants see their own cases, warehouses those whose goods come back to them (P8)."""
    match caller.role:
        case Role.BUYER:
            return caller.subject == buyer
        case Role.MERCHANT:
            return caller.merchant_id is not None and caller.merchant_id == case.merchant_id
        case Role.WAREHOUSE:
            return caller.warehouse_id is not None and caller.warehouse_id == case.warehouse_id
        case _:
            return True


def heading(case: Case, caller: Caller, language: str) -> dict[str, Any]:
    """A case for a list, as `CaseHeading` describes it."""
    status = case.machine.statuses[case.state].read_by(actor_of(caller))
    document = {
        **{name: getattr(case, name) for name in CaseHeading.model_fields if hasattr(case, name)},
        "status": status.code,
        "status_label": status.read_in(language),
        "system_status": case.state if caller.role is Role.OPERATOR else None,
    }
    return CaseHeading.model_validate(document).model_dump(mode="json")


async def case_document(connection: AsyncConnection, case: Case, caller: Caller, language: str) -> dict[str, Any]:
    """The case as `CaseView` describes it."""
    lines = {line.line_no: line for line in (await orders.lines_of(connection, [case.order_no]))[case.order_no]}
    order = await orders.known(connection, case.order_no)
    is_warehouse = caller.role is Role.WAREHOUSE
    document = {
        **heading(case, caller, language),
        "fault": case.fault,
        "opened_by_role": case.opened_by_role,
        "description": "" if caller.role in _NOT_TOLD_WHY else await _description(connection, case),
        "warehouse_id": case.warehouse_id,
        "lines": [_line(line, lines[line.line_no]) for line in case.lines],
        "return_shipment": case.return_shipment,
        "settlement": None if is_warehouse else _settlement(case, order.currency),
        "refunds": await _refunds(connection, case) if caller.role in _MAY_SEE_REFUNDS else [],
        "attachments": [] if is_warehouse else await _evidence(connection, case),
        "available_actions": _actions(case, caller),
    }
    return CaseView.model_validate(document).model_dump(mode="json")


def breakdown_document(found: Breakdown) -> dict[str, Any]:
    """What comes back, as `BreakdownView` describes it."""
    by_line: defaultdict[int, list[UnitsBack]] = defaultdict(list)
    for item in found.units:
        by_line[item.line_no].append(item)
    return {
        "lines": [_line_back(line_no, items, found.currency) for line_no, items in sorted(by_line.items())],
        "withheld": [{**asdict(item), "amount": money(item.amount, found.currency)} for item in found.withheld],
        "money": money(found.money, found.currency),
        "points": found.points,
        "points_value": money(found.points_value, found.currency),
        "earned_points": found.earned_points,
        "nothing_stays": found.nothing_stays,
    }


def _line_back(line_no: int, items: Sequence[UnitsBack], currency: str) -> dict[str, Any]:
    sums = {
        name: money(sum(len(item.units) * getattr(item, name) for item in items), currency)
        for name in ("goods", "shipping", "points")
    }
    return {"line_no": line_no, "quantity": sum(len(item.units) for item in items), **sums}


def _settlement(case: Case, currency: str) -> dict[str, Any] | None:
    return breakdown_document(Breakdown.from_document(case.settlement)) if case.settlement else None


def _line(line: CaseLine, bought: PricedLine) -> dict[str, Any]:
    return {
        "line_no": line.line_no,
        "sku": bought.sku,
        "name": bought.name,
        "quantity": len(line.units),
        "accepted": None if line.accepted is None else len(line.accepted),
        "restock": line.restock,
        "replacement_sku": line.replacement_sku,
    }


async def _description(connection: AsyncConnection, case: Case) -> str:
    return "" if case.note is None else await transitions.note(connection, case.order_no, case.note)


async def _evidence(connection: AsyncConnection, case: Case) -> list[dict[str, Any]]:
    return [asdict(item) for item in await attachments.of_case(connection, case.case_no)]


async def _refunds(connection: AsyncConnection, case: Case) -> list[dict[str, Any]]:
    return [refund_document(refund) for refund in await refunds.of_case(connection, case.case_no)]


def _actions(case: Case, caller: Caller) -> list[dict[str, Any]]:
    """All that the role may ever say of such a case, and why it cannot now."""
    if caller.role is Role.DOWNSTREAM:
        return []
    actor, found = actor_of(caller), []
    for command in commands_of(case, actor):
        reason = f"not possible while {case.state}" if why_not(case, command, actor) else ""
        found.append({"action": command, "enabled": not reason, "reason": reason})
    return found
