"""What was taken off an order, by line and unit, and who bears it: for settlement (R-PRC-2, R-PRC-3)."""

from typing import Any

from fastapi import APIRouter

from api.access import Settler
from api.authentication import Role
from api.problems import not_found, responses
from api.routers.orders import OrderNo
from api.schemas.allocations import AllocationsView
from api.schemas.values import money
from api.services import UsesServices
from ordersaga.domain.pricing.allocation import Allocation
from ordersaga.domain.pricing.quote import PricedLine
from ordersaga.domain.pricing.settlement import Share, settlement
from ordersaga.persistence import orders

router = APIRouter(prefix="/v1/orders/{order_no}", tags=["orders"])


@router.get(
    "/allocations",
    response_model=AllocationsView,
    responses=responses("unauthenticated", "forbidden", "not_found", "request_invalid"),
)
async def get_allocations(services: UsesServices, caller: Settler, order_no: OrderNo) -> dict[str, Any]:
    """Every share of a discount, of points and of the delivery fee, as it was stored with the order."""
    async with services.database.reading() as connection:
        order = await orders.get(connection, order_no)
    if order is None:
        raise not_found()
    lines = order.lines
    if caller.role is Role.MERCHANT:
        lines = tuple(line for line in lines if line.merchant_id == caller.merchant_id)
    if not lines:
        raise not_found()
    return {
        "order_no": order_no,
        "lines": [_line(line, order.currency) for line in lines],
        "shares": [_share(share, order.currency) for share in settlement(lines)],
    }


def _line(line: PricedLine, currency: str) -> dict[str, Any]:
    return {
        "line_no": line.line_no,
        "sku": line.sku,
        "merchant_id": line.merchant_id,
        "quantity": line.quantity,
        "gift": line.gift,
        "unit_price": money(line.unit_price, currency),
        "allocations": [_allocation(item, currency) for item in line.allocations],
    }


def _allocation(item: Allocation, currency: str) -> dict[str, Any]:
    return {
        "kind": item.kind,
        "source": item.source,
        "code": item.code,
        "name": item.name,
        "version": item.version,
        "funded_by": item.funded_by,
        "amount": money(item.amount, currency),
        "units": [{"quantity": count, "amount": money(amount, currency)} for count, amount in item.units],
    }


def _share(share: Share, currency: str) -> dict[str, Any]:
    amounts = ("discount", "points", "shipping_discount", "total")
    return {
        "bearer": share.bearer,
        "merchant_id": share.merchant_id,
        **{name: money(getattr(share, name), currency) for name in amounts},
    }
