"""Whatever offers meet a presale: deposit and balance are what is to be paid, and every unit bears its share."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from ordersaga.domain.payment import Instalment
from ordersaga.domain.pricing.allocation import spread, sum_of
from ordersaga.domain.pricing.source import Source
from tests.goods import goods, tariff
from tests.offers import GOLD
from tests.presales import ordered, presale
from tests.properties.random_offers import NAMES, held_coupon, offer


@given(st.randoms(use_true_random=False), st.integers(1, 200), st.integers(1, 9_999), st.integers(0, 6))
def test_deposit_and_balance_are_what_is_to_be_paid_and_shares_are_exact(
    random: Random, price: int, quantity: int, many: int
) -> None:
    deposit = random.randint(1, price)
    counts_as = random.randint(deposit, price)
    sku = goods(NAMES[0], random.randint(1, 400), floor_price=random.randint(0, 200))
    offers = [offer(random, f"O{number}") for number in range(many)]
    coupons = [held_coupon(random, f"C{number}") for number in range(random.randint(0, 2))]
    pricing = ordered(
        quantity,
        *offers,
        *coupons,
        sku=sku,
        campaign=presale(sku.sku, price, deposit=deposit, counts_as=counts_as),
        member_tier=GOLD,
        fee=tariff(random.randint(0, 500)),
    )
    (line,), totals = pricing.order.lines, pricing.order.totals

    now, later = (part.amount(totals.payable, totals.due_now) for part in (Instalment.DEPOSIT, Instalment.BALANCE))
    assert now + later == totals.payable
    assert now == min(deposit * quantity, totals.payable)
    assert later >= 0

    of_presale = [item for item in line.discounts if item.source == Source.PRESALE]
    bonus = counts_as - deposit
    assert [set(spread(item.units)) for item in of_presale] == ([{bonus}] if bonus else [])
    assert sum(item.amount for item in of_presale) == bonus * quantity
    assert all(sum_of(item.units) == item.amount for item in line.allocations)

    units = line.units()
    assert sum(unit.payable for unit in units) == line.payable
    assert all(unit.payable >= 0 for unit in units)
    assert line.payable + line.shipping == totals.payable
