"""A priced cart always adds up, and costs the same in whatever order it was filled (R-SUB-1, R-PRC-3)."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from ordersaga.domain.catalogue import Merchant, Sku
from ordersaga.domain.pricing.cart import price_cart
from ordersaga.domain.pricing.promise import differences
from ordersaga.domain.pricing.quote import CartItem, PricedOrder, from_document, to_document
from tests.goods import goods, seller, tariff, twd

SELLERS = ("own", "north", "south")


@st.composite
def shops(draw: st.DrawFn) -> tuple[dict[str, Sku], dict[str, Merchant]]:
    skus = [
        goods(
            f"SKU-{number}",
            draw(st.integers(0, 10**7)),
            merchant_id=draw(st.sampled_from(SELLERS)),
            weight_g=draw(st.integers(0, 40_000)),
            shipping_fee=draw(st.none() | st.builds(twd, st.integers(0, 10_000))),
        )
        for number in range(draw(st.integers(1, 6)))
    ]
    sellers = [
        seller(name, {"standard": tariff(draw(st.integers(0, 10_001)), draw(st.integers(0, 501)))}) for name in SELLERS
    ]
    return {sku.sku: sku for sku in skus}, {merchant.merchant_id: merchant for merchant in sellers}


@st.composite
def carts(draw: st.DrawFn) -> tuple[list[CartItem], dict[str, Sku], dict[str, Merchant]]:
    skus, sellers = draw(shops())
    item = st.builds(CartItem, st.sampled_from(sorted(skus)), st.integers(1, 50))
    return draw(st.lists(item, min_size=1, max_size=10)), skus, sellers


def by_sku(order: PricedOrder) -> dict[str, tuple[int, int, int]]:
    return {line.sku: (line.quantity, line.amount, line.payable) for line in order.lines}


@given(carts())
def test_parts_sum_to_the_whole(given_cart: tuple[list[CartItem], dict[str, Sku], dict[str, Merchant]]) -> None:
    order = price_cart(*given_cart).order
    totals = order.totals
    assert totals.goods == sum(line.amount for line in order.lines)
    assert totals.shipping == sum(line.shipping for line in order.lines)
    assert totals.payable == totals.goods - totals.discount + totals.shipping
    assert totals.payable == sum(line.payable + line.shipping for line in order.lines)
    assert totals.shipping == order.shipping_options[order.shipping_option]
    assert all(0 <= line.payable <= line.amount and line.shipping >= 0 for line in order.lines)
    assert [line.line_no for line in order.lines] == list(range(1, len(order.lines) + 1))


@given(carts(), st.randoms(use_true_random=False))
def test_the_order_of_items_changes_no_price(
    given_cart: tuple[list[CartItem], dict[str, Sku], dict[str, Merchant]], random: Random
) -> None:
    items, skus, sellers = given_cart
    shuffled = random.sample(items, len(items))
    one, other = price_cart(items, skus, sellers).order, price_cart(shuffled, skus, sellers).order
    assert (one.totals, one.shipping_options) == (other.totals, other.shipping_options)
    assert by_sku(one) == by_sku(other)


@given(carts())
def test_every_unit_that_was_asked_for_is_priced_once(
    given_cart: tuple[list[CartItem], dict[str, Sku], dict[str, Merchant]],
) -> None:
    items, skus, sellers = given_cart
    order = price_cart(items, skus, sellers).order
    assert sum(line.quantity for line in order.lines) == sum(item.quantity for item in items)
    assert len({line.sku for line in order.lines}) == len(order.lines)


@given(carts())
def test_a_document_reads_back_and_differs_from_itself_in_nothing(
    given_cart: tuple[list[CartItem], dict[str, Sku], dict[str, Merchant]],
) -> None:
    order = price_cart(*given_cart).order
    document = to_document(order)
    assert from_document(document) == order
    assert differences(document, to_document(order)) == []
