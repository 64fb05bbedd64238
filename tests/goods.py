"""Plain goods, sellers, warehouses and lines for tests: each names only what it is about."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ordersaga.domain.catalogue import Address, Merchant, Sku, Tariff, TransportClass, Warehouse
from ordersaga.domain.money import Money
from ordersaga.domain.pricing.allocation import Allocation, Kind, prorate_runs
from ordersaga.domain.pricing.cart import price_cart
from ordersaga.domain.pricing.quote import CartItem, PricedLine, PricedOrder

TAIPEI = Address(
    name="王小明",
    phone="+886 2 5550 0100",
    line1="民生東路一段1號",
    city="Taipei",
    region="Taipei",
    postal_code="105",
    country="TW",
)


def twd(amount: int) -> Money:
    return Money(amount, "TWD")


def tariff(base: int, per_kg: int = 0, currency: str = "TWD") -> Tariff:
    return Tariff(base=Money(base, currency), per_kg=Money(per_kg, currency))


def goods(sku: str = "LAMP", price: int | Money = 10_000, **changes: Any) -> Sku:
    """A SKU of merchant `own`; its price is in TWD cents, or money."""
    cost = price if isinstance(price, Money) else twd(price)
    return replace(Sku(sku=sku, name=f"Goods {sku}", merchant_id="own", price=cost), **changes)


def seller(merchant_id: str = "own", shipping: Mapping[str, Tariff] | None = None) -> Merchant:
    offered = {"standard": tariff(6_000)} if shipping is None else shipping
    return Merchant(merchant_id=merchant_id, name=f"Merchant {merchant_id}", shipping=offered)


def warehouse(warehouse_id: str, city: str = "Taipei", region: str | None = None, country: str = "TW") -> Warehouse:
    return Warehouse(
        warehouse_id=warehouse_id, name=f"Warehouse {warehouse_id}", country=country, region=region or city, city=city
    )


def line(
    line_no: int = 1, quantity: int = 1, *, payable: int | None = None, shipping: int = 0, **changes: Any
) -> PricedLine:
    """A line as it is frozen at submit; 10 cents a unit unless `payable` says what its units cost after a discount."""
    cost = 10 * quantity if payable is None else payable
    unit_price = -(-cost // quantity)
    amount = unit_price * quantity
    allocations = (
        _allocation(Kind.DISCOUNT, amount - cost, quantity, unit_price),
        _allocation(Kind.SHIPPING_FEE, shipping, quantity, shipping),
    )
    plain = PricedLine(
        line_no=line_no,
        sku=f"SKU-{line_no}",
        name=f"Goods {line_no}",
        attributes={},
        category="",
        merchant_id="own",
        quantity=quantity,
        unit_price=unit_price,
        amount=amount,
        allocations=allocations,
        points=0,
        payable=cost,
        shipping=shipping,
        gift=False,
        weight_g=0,
        volume_mm3=0,
        transport_class=TransportClass.ORDINARY,
    )
    return replace(plain, **changes)


def _allocation(kind: Kind, amount: int, quantity: int, weight: int) -> Allocation:
    units = prorate_runs(amount, ((quantity, weight),))
    return Allocation(kind=kind, source="test", code=kind, amount=amount, units=units)


def cart(*items: tuple[str, int]) -> list[CartItem]:
    return [CartItem(sku, quantity) for sku, quantity in items]


def priced(
    items: Sequence[CartItem], skus: Sequence[Sku], sellers: Sequence[Merchant] = (), **choices: Any
) -> PricedOrder:
    """The cart priced by a catalogue of just these SKUs and sellers."""
    known = {merchant.merchant_id: merchant for merchant in sellers or (seller(),)}
    return price_cart(items, {sku.sku: sku for sku in skus}, known, **choices).order
