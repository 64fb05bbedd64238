"""Sellers become merchants, and each distinct product, seller, price and freight becomes one SKU."""

from dataclasses import replace

from cli.marketplace.catalogue import document, offers, sku_of
from cli.marketplace.orders import Item, MarketplaceOrder, Product
from ordersaga.domain.money import Money

CUP = Product("cup", "housewares", 250, 100, 90, 80)
NOTE = Product("note", "", None, None, None, None)


def item(product: Product = CUP, seller: str = "potter", price: int = 1050, freight: int = 225) -> Item:
    return Item(product, seller, Money(price, "BRL"), Money(freight, "BRL"))


def order(*items: Item) -> MarketplaceOrder:
    return MarketplaceOrder("one", "ana", "recife", "PE", False, items)


def test_price_freight_and_seller_make_skus_of_their_own() -> None:
    variants = [item(), item(price=1051), item(freight=0), item(seller="weaver"), item(product=NOTE)]
    assert len({sku_of(variant) for variant in variants}) == len(variants)
    assert sku_of(item()) == sku_of(item())


def test_ids_that_only_run_together_differently_stay_apart() -> None:
    assert sku_of(item(replace(CUP, product_id="ab"), "c")) != sku_of(item(replace(CUP, product_id="a"), "bc"))


def test_there_is_stock_for_every_unit_and_more() -> None:
    made = offers([order(*[item()] * 70_000), order(item())])
    assert [offer.stock for offer in made] == [140_002]
    assert [offer.stock for offer in offers([order(item())])] == [100_000]


def test_a_sku_carries_its_freight_as_its_own_fee_and_its_seller_s_tariff_is_nothing() -> None:
    (offer,) = offers([order(item())])
    made = document([offer])
    (sku,), (merchant,), (warehouse,) = made["skus"], made["merchants"], made["warehouses"]
    assert sku["price"] == {"amount": 1050, "currency": "BRL"}
    assert sku["shipping_fee"] == {"amount": 225, "currency": "BRL"}
    assert sku["merchant_id"] == merchant["merchant_id"]
    assert sku["stock"] == {warehouse["warehouse_id"]: 100_000}
    assert merchant["shipping"]["standard"]["base"] == {"amount": 0, "currency": "BRL"}


def test_a_document_names_each_seller_once() -> None:
    made = document(offers([order(item(), item(price=1), item(seller="weaver"))]))
    assert [len(made[part]) for part in ("merchants", "warehouses", "skus")] == [2, 2, 3]


def test_goods_of_unknown_size_still_have_one() -> None:
    (sku,) = document(offers([order(item(NOTE))]))["skus"]
    assert [sku[name] for name in ("weight_g", "length_mm", "width_mm", "height_mm")] == [1, 1, 1, 1]
    assert sku["name"] == "goods note"
