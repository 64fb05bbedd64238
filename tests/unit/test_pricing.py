"""What a cart costs: merged lines, shipping by tariff or by a fee of its own, totals that add up (R-SUB-1)."""

import pytest

from ordersaga.domain.catalogue import TransportClass
from ordersaga.domain.errors import CurrencyMismatch, OrderTypeMixed, ShippingOptionUnknown, SkuUnknown
from ordersaga.domain.money import Money
from ordersaga.domain.pricing.quote import from_document, merge, to_document
from tests.goods import cart, goods, priced, seller, tariff, twd

EXPRESS = {"standard": tariff(6_000, 500), "express": tariff(12_000, 1_000)}


def test_one_line_costs_its_units_and_its_sellers_tariff() -> None:
    order = priced(cart(("LAMP", 3)), [goods(price=129_000)])
    (line,) = order.lines
    assert (line.line_no, line.quantity, line.unit_price, line.amount, line.payable) == (
        1,
        3,
        129_000,
        387_000,
        387_000,
    )
    assert (order.totals.goods, order.totals.shipping, order.totals.payable) == (387_000, 6_000, 393_000)
    assert order.totals.due_now == order.totals.payable


def test_the_same_sku_twice_is_one_line_where_it_first_appeared() -> None:
    assert merge(cart(("B", 1), ("A", 2), ("B", 4))) == {"B": 5, "A": 2}
    order = priced(cart(("B", 1), ("A", 2), ("B", 4)), [goods("A"), goods("B")])
    assert [(line.line_no, line.sku, line.quantity) for line in order.lines] == [(1, "B", 5), (2, "A", 2)]


def test_a_fee_of_its_own_is_per_unit_and_replaces_the_tariff() -> None:
    order = priced(cart(("OWN", 3), ("LAMP", 1)), [goods("OWN", shipping_fee=twd(250)), goods("LAMP")])
    assert [line.shipping for line in order.lines] == [750, 6_000]


def test_goods_with_fees_of_their_own_need_no_tariff() -> None:
    order = priced(cart(("OWN", 2)), [goods("OWN", shipping_fee=twd(250))], [seller(shipping={})])
    assert order.totals.shipping == 500
    assert order.shipping_options == {"standard": 500}


def test_another_option_than_standard_takes_the_tariff_for_all_goods() -> None:
    skus = [goods("OWN", shipping_fee=twd(250), weight_g=900), goods("LAMP", weight_g=600)]
    order = priced(cart(("OWN", 1), ("LAMP", 1)), skus, [seller(shipping=EXPRESS)], shipping_option="express")
    assert order.totals.shipping == 13_000
    assert order.shipping_options == {"standard": 6_250, "express": 13_000}


def test_each_seller_asks_for_its_own_delivery_by_the_weight_of_its_own_goods() -> None:
    skus = [goods("A", weight_g=1_500), goods("B", merchant_id="other", weight_g=200)]
    sellers = [seller(shipping=EXPRESS), seller("other", {"standard": tariff(7_000)})]
    order = priced(cart(("A", 2), ("B", 1)), skus, sellers)
    assert [line.shipping for line in order.lines] == [7_000, 7_000]


def test_a_tariff_is_shared_over_lines_by_value_to_the_last_cent() -> None:
    order = priced(cart(("A", 1), ("B", 1), ("C", 1)), [goods("A", 1), goods("B", 1), goods("C", 1)])
    assert [line.shipping for line in order.lines] == [2_000, 2_000, 2_000]
    order = priced(
        cart(("A", 1), ("B", 2)), [goods("A", 100), goods("B", 100)], [seller(shipping={"standard": tariff(100)})]
    )
    assert [line.shipping for line in order.lines] == [33, 67]


def test_goods_that_cost_nothing_share_a_tariff_by_quantity() -> None:
    order = priced(cart(("A", 1), ("B", 3)), [goods("A", 0), goods("B", 0)])
    assert [line.shipping for line in order.lines] == [1_500, 4_500]
    assert order.totals.payable == 6_000


def test_an_order_may_cost_nothing_at_all() -> None:
    order = priced(cart(("GIFT", 1)), [goods("GIFT", 0, shipping_fee=twd(0))])
    assert (order.totals.payable, order.totals.due_now) == (0, 0)


def test_only_options_that_every_seller_offers_can_be_chosen() -> None:
    skus = [goods("A"), goods("B", merchant_id="other")]
    sellers = [seller(shipping=EXPRESS), seller("other")]
    assert set(priced(cart(("A", 1), ("B", 1)), skus, sellers).shipping_options) == {"standard"}
    with pytest.raises(ShippingOptionUnknown) as refusal:
        priced(cart(("A", 1), ("B", 1)), skus, sellers, shipping_option="express")
    assert refusal.value.details == {"allowed": ["standard"]}


def test_a_seller_without_any_tariff_offers_no_delivery() -> None:
    with pytest.raises(ShippingOptionUnknown):
        priced(cart(("LAMP", 1)), [goods()], [seller(shipping={})])


def test_a_sku_that_is_not_in_the_catalogue_is_named() -> None:
    with pytest.raises(SkuUnknown) as refusal:
        priced(cart(("LAMP", 1), ("GHOST", 1)), [goods()])
    assert refusal.value.details == {"sku": "GHOST"}


def test_one_order_has_one_type() -> None:
    skus = [goods("A"), goods("B", order_type="presale")]
    with pytest.raises(OrderTypeMixed) as refusal:
        priced(cart(("A", 1), ("B", 1)), skus)
    assert refusal.value.details == {"order_types": ["presale", "standard"]}
    with pytest.raises(OrderTypeMixed):
        priced(cart(("A", 1)), skus, order_type="presale")


@pytest.mark.parametrize("change", ["price", "shipping_fee"])
def test_one_order_has_one_currency(change: str) -> None:
    with pytest.raises(CurrencyMismatch):
        priced(cart(("A", 1), ("B", 1)), [goods("A"), goods("B", **{change: Money(1, "JPY")})])


def test_a_tariff_in_another_currency_than_the_goods_is_refused() -> None:
    with pytest.raises(CurrencyMismatch):
        priced(cart(("LAMP", 1)), [goods()], [seller(shipping={"standard": tariff(1, currency="JPY")})])


def test_a_priced_order_reads_back_from_its_document_as_it_was() -> None:
    skus = [goods("A", attributes={"color": "oak"}, transport_class=TransportClass.COLD_CHAIN), goods("B")]
    order = priced(cart(("A", 1), ("B", 2)), skus)
    assert from_document(to_document(order)) == order


def test_a_lines_discounts_are_part_of_its_document() -> None:
    document = to_document(priced(cart(("A", 1)), [goods("A")]))
    ten_off = {"kind": "discount", "source": "coupon", "code": "TEN", "amount": 10, "units": [[2, 5]]}
    document["lines"][0]["allocations"] = [ten_off]
    (discount,) = from_document(document).lines[0].discounts
    assert (discount.source, discount.code, discount.amount, discount.units) == ("coupon", "TEN", 10, ((2, 5),))
