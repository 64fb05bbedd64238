"""The order that an exchange ends in: its number, its price, and what it stands for (R-REV-6, R-TYPE-6)."""

import re
from dataclasses import replace
from typing import Any

import pytest

from ordersaga.domain.after_sales.case import CaseLine, Kind
from ordersaga.domain.after_sales.replacement import demands, priced, replacement_no, require_alike
from ordersaga.domain.catalogue import Sku, TransportClass
from ordersaga.domain.errors import ReplacementUnavailable
from ordersaga.domain.money import Money
from ordersaga.domain.pricing.quote import PricedOrder, Replaced, from_document, to_document
from ordersaga.domain.pricing.settlement import settlement
from ordersaga.domain.sourcing import Demand
from tests.goods import goods, line
from tests.unit.test_inspection import CASE

BOUGHT = [line(2, 6, payable=1_000, shipping=60), line(4, 1)]
GOODS = {2: goods("LAMP", 10_000), 4: goods("CUP", 3_000)}


def exchange(**changes: Any) -> PricedOrder:
    return priced(replace(CASE, **changes), BOUGHT, GOODS, currency="TWD", shipping_option="standard")


def test_the_number_follows_from_the_case_and_is_an_order_number() -> None:
    number = replacement_no(CASE)
    assert re.fullmatch(r"261123-[0-9A-Z]{12}", number)
    assert number == replacement_no(replace(CASE, kind=Kind.RETURN))
    assert number != replacement_no(replace(CASE, case_no="O-1-A2"))


def test_nothing_is_to_be_paid_and_the_merchant_who_was_paid_before_bears_it() -> None:
    order = exchange()
    totals = order.totals
    assert (totals.goods, totals.discount, totals.payable, totals.due_now) == (33_000, 33_000, 0, 0)
    assert (totals.shipping, totals.points) == (0, 0)
    assert all(unit.payable == unit.shipping == unit.points == 0 for item in order.lines for unit in item.units())
    platform, merchant = settlement(order.lines)
    assert (platform.total, merchant.total) == (0, 33_000)


def test_only_what_was_accepted_is_sent_and_stands_for_the_units_that_were_paid_for() -> None:
    lines = (CaseLine(line_no=2, units=(3, 5, 6), accepted=(3, 5)), CaseLine(line_no=4, units=(1,), accepted=()))
    (sent,) = exchange(lines=lines).lines
    assert (sent.line_no, sent.sku, sent.quantity) == (2, "LAMP", 2)
    assert sent.replaces == Replaced(order_no="O-1", line_no=2, units=(3, 5))


def test_through_several_exchanges_it_stands_for_what_was_paid() -> None:
    paid = Replaced(order_no="O-0", line_no=7, units=(9, 8, 6, 4, 2, 1))
    again = [replace(BOUGHT[0], replaces=paid), BOUGHT[1]]
    order = priced(CASE, again, GOODS, currency="TWD", shipping_option="standard")
    assert order.lines[0].replaces == Replaced(order_no="O-0", line_no=7, units=(6, 2, 1))


def test_it_is_stored_and_read_back_as_it_is() -> None:
    assert from_document(to_document(exchange())) == exchange()


def test_everything_that_is_claimed_is_kept_of_the_general_shelf() -> None:
    assert demands(CASE, GOODS) == [Demand(2, "LAMP", "own", 3), Demand(4, "CUP", "own", 1)]


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (None, "unknown_sku"),
        (goods("BLUE", merchant_id="other"), "other_seller"),
        (goods("BLUE", 10_001), "other_price"),
        (goods("BLUE", Money(10_000, "USD")), "other_price"),
        (goods("BLUE", order_type="presale"), "other_kind"),
        (goods("BLUE", transport_class=TransportClass.COLD_CHAIN), "other_kind"),
    ],
)
def test_a_replacement_differs_in_nothing_that_would_have_to_be_paid(wanted: Sku | None, reason: str) -> None:
    with pytest.raises(ReplacementUnavailable) as refusal:
        require_alike(1, goods("RED"), wanted)
    assert refusal.value.details == {"line_no": 1, "reason": reason}


def test_another_colour_is_alike() -> None:
    require_alike(1, goods("RED", attributes={"colour": "red"}), goods("BLUE", attributes={"colour": "blue"}))
