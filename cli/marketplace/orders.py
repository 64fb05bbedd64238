"""What a marketplace's files say: products, and orders with their items, each item one unit."""

from collections import Counter
from dataclasses import dataclass

from ordersaga.domain.money import Money, total


@dataclass(frozen=True, slots=True)
class Product:
    """Grams and millimetres; `None` where the file says nothing."""

    product_id: str
    category: str
    weight_g: int | None
    length_mm: int | None
    width_mm: int | None
    height_mm: int | None


@dataclass(frozen=True, slots=True)
class Item:
    """One unit sold: the same product has another price or freight in another order."""

    product: Product
    seller_id: str
    price: Money
    freight: Money


@dataclass(frozen=True, slots=True)
class MarketplaceOrder:
    order_id: str
    customer_id: str
    city: str
    state: str
    cancelled: bool
    items: tuple[Item, ...]

    @property
    def currency(self) -> str:
        return self.items[0].price.currency

    @property
    def goods(self) -> Money:
        return total((item.price for item in self.items), self.currency)

    @property
    def freight(self) -> Money:
        return total((item.freight for item in self.items), self.currency)

    @property
    def payable(self) -> Money:
        return self.goods + self.freight

    def quantities(self) -> Counter[Item]:
        """Equal items counted: what one order line holds."""
        return Counter(self.items)
