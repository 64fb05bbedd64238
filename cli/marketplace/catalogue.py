"""A marketplace's sellers and products as our merchants, warehouses and SKUs."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from cli.marketplace.orders import Item, MarketplaceOrder
from ordersaga.domain.money import Money

_PLENTY = 100_000
"""Far more than is ever on its way, so that a second replay may set the same stock while the first still runs."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One SKU: a product of one seller at one price and one freight, and how much of it is to be in stock."""

    item: Item
    stock: int

    @property
    def sku(self) -> str:
        return sku_of(self.item)


def sku_of(item: Item) -> str:
    """The same for the same product, seller, price and freight, in every run."""
    return "MP-" + _digest(
        item.product.product_id,
        item.seller_id,
        str(item.price.amount),
        str(item.freight.amount),
        item.price.currency,
    )


def merchant_of(item: Item) -> str:
    return "seller-" + _digest(item.seller_id)


def warehouse_of(item: Item) -> str:
    return "depot-" + _digest(item.seller_id)


def offers(orders: Iterable[MarketplaceOrder]) -> tuple[Offer, ...]:
    """One offer per distinct item of `orders`, sorted by seller, each with stock for all of them."""
    needed: Counter[Item] = Counter()
    for order in orders:
        needed.update(order.quantities())
    made = (Offer(item, max(_PLENTY, 2 * quantity)) for item, quantity in needed.items())
    return tuple(sorted(made, key=lambda offer: (offer.item.seller_id, offer.sku)))


def document(chunk: Iterable[Offer]) -> dict[str, Any]:
    """One catalogue document, in the form of the catalogue file."""
    chunk = tuple(chunk)
    sellers = {offer.item.seller_id: offer.item for offer in chunk}
    return {
        "merchants": [_merchant(item) for item in sellers.values()],
        "warehouses": [_warehouse(item) for item in sellers.values()],
        "skus": [_sku(offer) for offer in chunk],
    }


def _merchant(item: Item) -> dict[str, Any]:
    nothing = _money(Money.zero(item.price.currency))
    return {
        "merchant_id": merchant_of(item),
        "name": f"Seller {item.seller_id[:8]}",
        "self_operated": False,
        "shipping": {"standard": {"base": nothing, "per_kg": nothing}},
    }


def _warehouse(item: Item) -> dict[str, Any]:
    return {
        "warehouse_id": warehouse_of(item),
        "name": f"Depot of seller {item.seller_id[:8]}",
        "country": "BR",
        "region": "SP",
        "city": "sao paulo",
        "postal_code": "01310-100",
    }


def _sku(offer: Offer) -> dict[str, Any]:
    product = offer.item.product
    return {
        "sku": offer.sku,
        "name": f"{product.category or 'goods'} {product.product_id[:8]}",
        "merchant_id": merchant_of(offer.item),
        "price": _money(offer.item.price),
        "shipping_fee": _money(offer.item.freight),
        "stock": {warehouse_of(offer.item): offer.stock},
        # What the files do not say, or give as nothing, still weighs and measures something.
        "weight_g": product.weight_g or 1,
        "length_mm": product.length_mm or 1,
        "width_mm": product.width_mm or 1,
        "height_mm": product.height_mm or 1,
        "transport_class": "ordinary",
        "order_type": "standard",
        "stock_policy": "deduct_at_submit",
    }


def _money(money: Money) -> dict[str, Any]:
    return {"amount": money.amount, "currency": money.currency}


def _digest(*parts: str) -> str:
    # The length of each part keeps ("ab", "c") and ("a", "bc") apart.
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return blake2b(text.encode(), digest_size=8).hexdigest().upper()
