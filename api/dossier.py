"""Everything that is known of one order, narrowed to what whoever reads it may see (P8)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from api.authentication import Caller, Role
from api.case_views import may_see
from ordersaga.domain.after_sales.case import Case
from ordersaga.domain.after_sales.units import Unit
from ordersaga.domain.group import Group
from ordersaga.domain.group_buy import GROUP_CODE
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.registry import order_type
from ordersaga.domain.payment import Payment
from ordersaga.domain.pricing.quote import Totals
from ordersaga.domain.refund import Refund
from ordersaga.domain.screening import Screening
from ordersaga.domain.sourcing import Source
from ordersaga.persistence import (
    after_sales,
    case_opening,
    codes,
    groups,
    orders,
    parcels,
    payments,
    refunds,
    reviews,
    stock,
    submissions,
)
from ordersaga.persistence.orders import Order
from ordersaga.persistence.parcels import StoredParcel
from ordersaga.persistence.reviews import Review


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """Everything that is known of one order."""

    order: Order
    payments: Sequence[Payment]
    refunds: Sequence[Refund]
    parcels: Sequence[StoredParcel]
    reviews: Sequence[Review]
    sources: Sequence[Source]
    screening: Screening | None = None
    codes_revealed: int = 0
    cases: Sequence[Case] = ()
    units: Sequence[Unit] = ()
    group: Group | None = None


async def dossier(connection: AsyncConnection, order_no: str, caller: Caller) -> Dossier | None:
    """The order and all that belongs to it, narrowed to what `caller` may see; `None` for what is not theirs."""
    found = await orders.get_with_contents(connection, order_no)
    if found is None or (caller.role is Role.BUYER and found[0].buyer != caller.subject):
        return None
    order, there_are = found
    whole = Dossier(
        order=order,
        payments=await payments.of_order(connection, order_no) if there_are.payments else (),
        refunds=await refunds.of_order(connection, order_no) if there_are.refunds else (),
        parcels=await parcels.of_order(connection, order_no) if there_are.parcels else (),
        reviews=await reviews.of_order(connection, order_no) if there_are.reviews else (),
        sources=await stock.sources_of(connection, order_no),
        screening=await _screening(connection, order_no) if caller.role is Role.OPERATOR else None,
        codes_revealed=0 if order_type(order.order_type).ships else await codes.revealed(connection, order_no),
        group=await _group(connection, order),
        **await _way_back(connection, order),
    )
    return _narrowed(whole, caller)


async def _way_back(connection: AsyncConnection, order: Order) -> dict[str, Any]:
    """Cases on the order, and its units; nobody asks for them while it is new."""
    machine = order_type(order.order_type).version(order.table_version)
    if order.state == machine.initial or not machine.knows(Action.REQUEST_AFTER_SALES):
        return {}
    return {
        "cases": await after_sales.of_order(connection, order.order_no),
        "units": await case_opening.units_in(connection, order.order_no),
    }


async def _group(connection: AsyncConnection, order: Order) -> Group | None:
    """Types whose buyers may join groups have them; the others are not asked."""
    has_groups = GROUP_CODE in order_type(order.order_type).choices
    return await groups.of_order(connection, order.order_no) if has_groups else None


async def _screening(connection: AsyncConnection, order_no: str) -> Screening:
    return Screening.from_document(await submissions.screening_of(connection, order_no))


def _narrowed(whole: Dossier, caller: Caller) -> Dossier | None:
    """Merchants see their own lines, warehouses what they ship; neither sees the buyer's money."""
    if caller.role is Role.MERCHANT:
        mine = {line.line_no for line in whole.order.lines if line.merchant_id == caller.merchant_id}
        own_parcels = [parcel for parcel in whole.parcels if parcel.merchant_id == caller.merchant_id]
    elif caller.role is Role.WAREHOUSE:
        own_parcels = [parcel for parcel in whole.parcels if parcel.warehouse_id == caller.warehouse_id]
        mine = {item.line_no for item in whole.sources if item.warehouse_id == caller.warehouse_id}
        mine |= {line.line_no for parcel in own_parcels for line in parcel.lines}
    else:
        return whole
    if not mine:
        return None
    lines = tuple(line for line in whole.order.lines if line.line_no in mine)
    return replace(
        whole,
        order=replace(whole.order, lines=lines, totals=Totals.of(lines)),
        payments=(),
        refunds=(),
        parcels=own_parcels,
        cases=[case for case in whole.cases if may_see(case, caller, whole.order.buyer)],
        units=[unit for unit in whole.units if unit.line_no in mine],
        sources=[item for item in whole.sources if item.line_no in mine],
    )
