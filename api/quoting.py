"""Preview: price a cart, say what is in stock, seal the promise. Nothing is written (R-SUB-1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from api.groups import require_room
from api.previews import quote_view
from api.problems import not_acceptable
from api.purchase_limits import limit_warnings
from api.quote import Quote
from api.schemas.quotes import QuoteView
from api.services import Services
from ordersaga.domain.campaigns import Campaign, Sale, only_sku
from ordersaga.domain.catalogue import Address
from ordersaga.domain.errors import AddressNeeded, AddressNotNeeded, CampaignUnavailable, OrderTooLarge
from ordersaga.domain.lifecycle.registry import ORDER_TYPES, OrderType, order_type
from ordersaga.domain.policies import Policies
from ordersaga.domain.pricing.cart import price_cart
from ordersaga.domain.pricing.held import Held
from ordersaga.domain.pricing.occasion import PLAIN, WEB, Occasion, RunningOffer, Wishes
from ordersaga.domain.pricing.quote import CartItem, PricedOrder, Pricing
from ordersaga.domain.splitting import Limits, parcels_at_most
from ordersaga.persistence import campaigns, catalogue, occasions, offers, stock
from ordersaga.persistence.catalogue import Goods
from ordersaga.persistence.previews import beside_the_price


@dataclass(frozen=True, slots=True, kw_only=True)
class Cart:
    """What a buyer wants priced, where it goes, and with which offers. Of an order that is priced again, what it has
    `held` so far is there for it.
    """

    buyer: str
    items: tuple[CartItem, ...]
    address: Address | None
    order_type: str | None = None
    shipping_option: str | None = None
    channel: str = WEB
    wishes: Wishes = field(default_factory=Wishes)
    choices: Mapping[str, str] = field(default_factory=dict)
    held: Held | None = None

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
            choices=quote.choices,
        )

    def without_choices(self) -> "Cart":
        """The cart of a buyer who could not have what they chose."""
        return replace(self, choices={})


async def price(connection: AsyncConnection, services: Services, cart: Cart) -> Pricing:
    """The cart at the present prices and offers.

    Raises what `price_cart` raises, `OrderTooLarge`, `CampaignUnavailable`, `GroupUnavailable`, `AddressNeeded` and
    `AddressNotNeeded`.
    """
    at = datetime.now(UTC)
    running = await offers.running(connection, cart.buyer, at)
    goods = await catalogue.goods(connection, {item.sku for item in cart.items}, counted=occasions.gifts_of(running))
    kind = _order_type(cart, goods)
    if kind:
        _refuse_what_is_not_offered(kind)
        _refuse_foreign_choices(cart, kind)
    sale = await _sale(connection, cart, kind, goods, at) if kind else None
    if sale and sale.campaign.pooled and sale.campaign.sku in goods.free:
        goods = await _counted_in_pool(connection, goods, sale.campaign)
    occasion = await _occasion(connection, cart, running, goods, at)
    pricing = price_cart(
        cart.items,
        goods.skus,
        goods.merchants,
        shipping_option=cart.shipping_option,
        order_type=cart.order_type,
        occasion=occasion if cart.held is None else cart.held.freed(occasion),
        sale=sale,
        stock_policy=kind.stock_policy if kind else None,
        only_at_submit=kind is not None and not kind.deducts_at_payment,
        ships=kind is None or kind.ships,
    )
    _require_an_address_only_to_ship(order_type(pricing.order.order_type), cart.address)
    _refuse_too_many_parcels(pricing.order, services.settings.policies_of(pricing.order.order_type))
    return pricing


def _order_type(cart: Cart, goods: Goods) -> OrderType | None:
    """The type that the cart is to be; `None` where pricing will refuse it as none, or as several."""
    kinds = {sku.order_type for sku in goods.skus.values() if sku.sku in {item.sku for item in cart.items}}
    wanted = cart.order_type or (kinds.pop() if len(kinds) == 1 else "")
    return ORDER_TYPES.get(wanted)


def _refuse_what_is_not_offered(kind: OrderType) -> None:
    """Raises `request_invalid` for a type that comes of something else than a cart."""
    if not kind.offered:
        raise not_acceptable("order_type", "not_offered", f"nothing is sold as {kind.name}")


def _refuse_foreign_choices(cart: Cart, kind: OrderType) -> None:
    """Raises `request_invalid` for what an order of this type does not let its buyer choose."""
    for name in cart.choices.keys() - kind.choices:
        raise not_acceptable(name, "not_of_this_type", f"an order of the type {kind.name} has none")


async def _sale(connection: AsyncConnection, cart: Cart, kind: OrderType, goods: Goods, at: datetime) -> Sale | None:
    if not kind.under_campaign:
        return None
    wanted = {item.sku: goods.skus[item.sku] for item in cart.items if item.sku in goods.skus}
    if not wanted:
        return None
    sku = only_sku(wanted, kind.name)
    campaign = await campaigns.of_sku(connection, sku, kind.name, at)
    if campaign is None:
        raise CampaignUnavailable(f"{sku} is in no {kind.name}", sku=sku, reason="unknown_campaign")
    campaign.require_open(at)
    await require_room(connection, cart.choices, campaign, cart.buyer, at)
    return Sale(campaign=campaign, choices=cart.choices)


async def _counted_in_pool(connection: AsyncConnection, goods: Goods, campaign: Campaign) -> Goods:
    """A gift of the campaign's own SKU comes from the campaign's own stock."""
    shelves = await stock.shelves(connection, [campaign.sku], campaign.pool)
    return replace(goods, free={**goods.free, campaign.sku: shelves.of(campaign.sku)})


def _require_an_address_only_to_ship(kind: OrderType, address: Address | None) -> None:
    if kind.ships and address is None:
        raise AddressNeeded(f"an order of the type {kind.name} is shipped: give an address", field="address")
    if not kind.ships and address is not None:
        raise AddressNotNeeded(
            f"an order of the type {kind.name} is not shipped: leave the address out", field="address"
        )


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
    quote = services.sealer.new_quote(
        buyer=cart.buyer,
        items=cart.items,
        address=cart.address,
        channel=cart.channel,
        wishes=cart.wishes,
        choices=cart.choices,
        priced=pricing.order,
        at=datetime.now(UTC),
    )
    shelves, limits = await beside_the_price(connection, pricing.order)
    told = await limit_warnings(connection, limits, pricing.order, cart.buyer, datetime.now(UTC))
    return quote_view(quote, services.sealer.seal(quote), pricing, shelves, told)
