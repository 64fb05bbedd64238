"""Order types, and the table of after-sales cases, for anyone (R-STM-3)."""

from typing import Any

from fastapi import APIRouter

from api.problems import responses
from api.schemas.order_types import MachineView, OrderTypeSummary, OrderTypeView
from api.schemas.values import Identifier, Page
from ordersaga.domain.lifecycle.after_sales import MACHINE as AFTER_SALES
from ordersaga.domain.lifecycle.diagram import mermaid
from ordersaga.domain.lifecycle.registry import ORDER_TYPES, order_type
from ordersaga.domain.lifecycle.table import Machine, Word
from ordersaga.domain.lifecycle.words import LANGUAGES

router = APIRouter(prefix="/v1", tags=["order types"])


@router.get("/order-types")
async def list_order_types() -> Page[OrderTypeSummary]:
    return Page(
        items=[
            OrderTypeSummary(
                order_type=kind.name,
                label=_label(kind.label),
                about=kind.about,
                version=kind.machine.version,
                ships=kind.ships,
                under_campaign=kind.under_campaign,
                offered=kind.offered,
            )
            for kind in ORDER_TYPES.values()
        ]
    )


@router.get("/order-types/{name}", response_model=OrderTypeView, responses=responses("not_found", "request_invalid"))
async def get_order_type(name: Identifier) -> dict[str, Any]:
    """The states, the table, what each role reads, and a diagram in Mermaid."""
    kind = order_type(name)
    machine = kind.machine
    return {
        "order_type": kind.name,
        "label": _label(kind.label),
        "about": kind.about,
        "ships": kind.ships,
        "under_campaign": kind.under_campaign,
        "offered": kind.offered,
        **_table(machine),
    }


@router.get("/after-sales-table", response_model=MachineView)
async def get_after_sales_table() -> dict[str, Any]:
    """The one table of all after-sales cases: what an order type's is for its orders."""
    return _table(AFTER_SALES)


def _table(machine: Machine) -> dict[str, Any]:
    return {
        "version": machine.version,
        "initial": machine.initial,
        "states": [_state(machine, state) for state in machine.states],
        "transitions": [
            {
                "current": row.current,
                "action": row.action,
                "next": row.next,
                "by": sorted(row.by),
                "trigger": row.trigger,
                "guard": row.guard,
            }
            for row in machine.rows
        ],
        "diagram": mermaid(machine),
    }


def _state(machine: Machine, state: str) -> dict[str, Any]:
    statuses = machine.statuses[state]
    return {
        "state": state,
        "final": state in machine.final,
        "buyer_status": statuses.buyer.code,
        "buyer_label": _label(statuses.buyer),
        "merchant_status": statuses.merchant.code,
        "merchant_label": _label(statuses.merchant),
        "operator_status": statuses.operator.code,
        "operator_label": _label(statuses.operator),
    }


def _label(word: Word) -> dict[str, str]:
    return {language: word.read_in(language) for language in LANGUAGES}
