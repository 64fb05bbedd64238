"""Preview: price a cart, say what is in stock, seal the promise. Nothing is written (R-SUB-1)."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from api.previews import quote_view
from api.quote import Quote
from api.schemas.quotes import QuoteView
from api.services import Services
from ordersaga.domain.catalogue import Address
from ordersaga.domain.errors import OrderTooLarge
from ordersaga.domain.policies import Policies
from ordersaga.domain.pricing.cart import price_cart
from ordersaga.domain.pricing.occasion import PLAIN, WEB, Occasion, RunningOffer, Wishes
from ordersaga.domain.pricing.quote import CartItem, PricedOrder, Pricing
from ordersaga.domain.splitting import Limits, parcels_at_most
from ordersaga.persistence import catalogue, occasions, offers, stock
from ordersaga.persistence.catalogue import Goods


@dataclass(frozen=True, slots=True, kw_only=True)
class Cart:
    """What a buyer wants priced, where it goes, and with which offers."""

    buyer: str
    items: tuple[CartItem, ...]
    address: Address
    order_type: str | None = None
    shipping_option: str | None = None
    channel: str = WEB
    wishes: Wishes = field(default_factory=Wishes)

    @classmethod
    def of(cls, quote: Quote) -> "Cart":
        """The cart that a quote was made from, to price it again."""
        return cls(
            buyer=quote.buyer,
            items=quote.items,
            address=quote.address,
            order_type=quote.order_type,
            shipping_option=quote.shipping_option,
            channel=quote.channel,
            wishes=quote.wishes,
        )


async def price(connection: AsyncConnection, services: Services, cart: Cart) -> Pricing:
    """The cart at the present prices and offers. Raises what `price_cart` raises, and `OrderTooLarge`."""
    at = datetime.now(UTC)
    running = await offers.running(connection, cart.buyer, at)
    goods = await catalogue.goods(connection, {item.sku for item in cart.items}, counted=occasions.gifts_of(running))
    pricing = price_cart(
        cart.items,
        goods.skus,
        goods.merchants,
        shipping_option=cart.shipping_option,
        order_type=cart.order_type,
        occasion=await _occasion(connection, cart, running, goods, at),
    )
    _refuse_too_many_parcels(pricing.order, services.settings.policies_of(pricing.order.order_type))
    return pricing


async def _occasion(
    connection: AsyncConnection, cart: Cart, running: tuple[RunningOffer, ...], goods: Goods, at: datetime
) -> Occasion:
    first = goods.skus.get(cart.items[0].sku)
    if first is None:
        return PLAIN
    return await occasions.occasion(
        connection,
        cart.buyer,
        channel=cart.channel,
        wishes=cart.wishes,
        currency=first.price.currency,
        offers=running,
        goods=goods,
        at=at,
    )


def _refuse_too_many_parcels(priced: PricedOrder, rules: Policies) -> None:
    """Each parcel is a run of its own beside the order's: there is a number that a run cannot follow any more."""
    limits = Limits(weight_g=rules.parcel_weight_limit_g, volume_mm3=rules.parcel_volume_limit_mm3)
    parcels = parcels_at_most(priced.lines, limits)
    if parcels > rules.parcel_count_limit:
        raise OrderTooLarge(
            f"this would be up to {parcels} parcels; split it into orders of at most {rules.parcel_count_limit}",
            parcels=parcels,
            allowed=rules.parcel_count_limit,
        )


async def preview(connection: AsyncConnection, services: Services, cart: Cart) -> QuoteView:
    """A fresh quote."""
    return await quoted(connection, services, cart, await price(connection, services, cart))


async def quoted(connection: AsyncConnection, services: Services, cart: Cart, pricing: Pricing) -> QuoteView:
    """A quote of a cart that has just been priced."""
    shelves = await stock.shelves(connection, {line.sku for line in pricing.order.lines})
    quote = services.sealer.new_quote(
        buyer=cart.buyer,
        items=cart.items,
        address=cart.address,
        channel=cart.channel,
        wishes=cart.wishes,
        priced=pricing.order,
        at=datetime.now(UTC),
    )
    return quote_view(quote, services.sealer.seal(quote), pricing, shelves)
