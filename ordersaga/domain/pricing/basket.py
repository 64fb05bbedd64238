"""The lines that offers are applied to, in the order of their SKUs, so that the cart's own order changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from ordersaga.domain.catalogue import Sku


@dataclass(frozen=True, slots=True, kw_only=True)
class Basket:
    """Goods with their numbers side by side: one place in each list is one line. `fees` are before discounts."""

    skus: tuple[Sku, ...]
    quantities: tuple[int, ...]
    amounts: tuple[int, ...]
    floors: tuple[int, ...]
    fees: tuple[int, ...]
    currency: str
    order_type: str
    shipping_option: str

    @classmethod
    def of(
        cls,
        lines: Sequence[tuple[Sku, int]],
        fees: Sequence[int],
        *,
        currency: str,
        order_type: str,
        shipping_option: str,
    ) -> "Basket":
        """From SKUs with their quantities, in the order of the SKUs."""
        return cls(
            skus=tuple(sku for sku, _ in lines),
            quantities=tuple(quantity for _, quantity in lines),
            amounts=tuple(sku.price.amount * quantity for sku, quantity in lines),
            floors=tuple(min(sku.floor_price, sku.price.amount) * quantity for sku, quantity in lines),
            fees=tuple(fees),
            currency=currency,
            order_type=order_type,
            shipping_option=shipping_option,
        )
