"""Preview (R-SUB-1)."""

from fastapi import APIRouter, Depends, status
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Buyer, limited
from api.hardening.rates import Limited
from api.problems import not_found, responses
from api.quoting import Cart, preview
from api.schemas.quotes import QuoteRequest, QuoteView
from api.services import UsesServices
from ordersaga.domain.catalogue import Address
from ordersaga.domain.group_buy import GROUP_CODE
from ordersaga.domain.pricing.occasion import Wishes
from ordersaga.domain.pricing.quote import CartItem
from ordersaga.persistence import addresses

router = APIRouter(prefix="/v1/quotes", tags=["orders"])


@router.post(
    "",
    dependencies=[Depends(limited(Limited.QUOTES))],
    status_code=status.HTTP_200_OK,
    response_model=QuoteView,
    responses=responses(
        "unauthenticated",
        "forbidden",
        "not_found",
        "sku_unknown",
        "order_type_mixed",
        "order_too_large",
        "currency_mismatch",
        "shipping_option_unknown",
        "campaign_unavailable",
        "sold_out",
        "purchase_limit_exceeded",
        "group_unavailable",
        "address_needed",
        "address_not_needed",
        "request_invalid",
        "body_malformed",
        "rate_limited",
        "unavailable",
    ),
)
async def preview_order(services: UsesServices, caller: Buyer, request: QuoteRequest) -> QuoteView:
    """Price a cart. Creates nothing, holds nothing, and may be repeated freely.

    Name the `order_type` of a flash sale: then nobody waits for a price at which there is nothing left.
    """
    buyer, items = caller.subject, tuple(CartItem(item.sku, item.quantity) for item in request.items)
    async with services.gates.looking(request.order_type, items, buyer), services.database.statements() as connection:
        cart = Cart(
            buyer=buyer,
            items=items,
            address=await _address(connection, buyer, request),
            order_type=request.order_type,
            shipping_option=request.shipping_option,
            channel=request.channel,
            wishes=_wishes(request),
            choices={GROUP_CODE: request.group_code} if request.group_code else {},
        )
        quote = await preview(connection, services, cart)
    if request.order_type is None:
        await services.gates.look(quote.order_type, items, buyer)
    return quote


def _wishes(request: QuoteRequest) -> Wishes:
    coupons = request.coupon_codes
    return Wishes(
        coupon_codes=None if coupons is None else tuple(dict.fromkeys(coupons)),
        promotion_codes=tuple(dict.fromkeys(request.promotion_codes)),
        points=request.points,
    )


async def _address(connection: AsyncConnection, buyer: str, request: QuoteRequest) -> Address | None:
    if request.address is not None:
        return request.address.to_address()
    if request.address_id is None:
        return None
    stored = await addresses.get(connection, request.address_id, buyer)
    if stored is None:
        raise not_found()
    return stored
