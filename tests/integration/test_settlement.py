"""Cases settled on real PostgreSQL: money, points, coupons, quotas and exchanges add up (R-REV-8, M4, M8 … M12)."""

from dataclasses import replace

from ordersaga.domain.after_sales.breakdown import Withholding
from ordersaga.domain.after_sales.case import Kind, Reason
from ordersaga.domain.after_sales.rules import AfterSalesRules, Tenders
from ordersaga.domain.payment import Instalment
from ordersaga.domain.pricing.coupons import CouponState, CouponTemplate
from ordersaga.domain.pricing.effects import AmountOff, Gift, Tier, Tiers
from ordersaga.domain.pricing.occasion import Wishes
from ordersaga.domain.pricing.points import PointsPolicy
from ordersaga.domain.pricing.quote import PricedOrder, Replaced
from ordersaga.domain.pricing.restoration import Undoing
from ordersaga.domain.pricing.source import Source
from ordersaga.domain.refund import refund_of
from ordersaga.persistence import (
    after_sales_rules,
    coupons,
    offer_holds,
    offers,
    payments,
    points,
    refunds,
    settlements,
)
from ordersaga.persistence.database import Database
from tests.goods import cart, goods, seller, tariff
from tests.integration.settled_orders import AT, SettledOrder, undone
from tests.offers import only, price, promotion
from tests.presales import ordered, presale

SKUS = [goods("SETTLED-A", 10_000), goods("SETTLED-B", 10_000), goods("SETTLED-GIFT", 700)]
POLICY = PointsPolicy(currency="TWD", points=1, amount=100, earned_per=5_000)


async def test_partial_refunds_add_up_in_every_book(database: Database) -> None:
    buyer = "settled-ann"
    async with undone(database) as connection:
        await points.put_policy(connection, POLICY, AT)
        tiers = Tiers(tiers=(Tier(threshold=30_000, amount_off=3_000),))
        spend = await offers.put(connection, promotion("settled-spend", tiers, budget=50_000), AT)
        gift = promotion("settled-gift", Gift(sku="SETTLED-GIFT"), minimum_amount=15_000, scope=only("SETTLED-A"))
        gift = await offers.put(connection, gift, AT)
        terms = promotion("settled-coupon", AmountOff(amount=900), source=Source.COUPON)
        await coupons.put_template(connection, CouponTemplate(offer=terms), AT)
        (coupon,) = await coupons.grant(connection, "settled-coupon", [buyer], AT, document="test")
        await points.grant(connection, buyer, 60, document="test", at=AT)
        priced = price(
            cart(("SETTLED-A", 2), ("SETTLED-B", 1)),
            SKUS,
            spend,
            gift,
            coupon,
            sellers=[seller(shipping={"standard": tariff(600)})],
            points_policy=POLICY,
            points_balance=60,
            gifts={"SETTLED-GIFT": SKUS[2]},
            gift_stock={"SETTLED-GIFT": 5},
            wishes=Wishes(points=60),
        ).order
        paid = 30_000 - 3_000 - 900 - 6_000 + 600
        assert priced.totals.payable == paid
        order = await SettledOrder.paid(connection, "SETTLED-1", priced, buyer, (Instalment.FULL, paid))
        await settlements.earn(connection, order.order_no, AT)
        await settlements.earn(connection, order.order_no, AT)
        assert await order.points() == 4

        first = await order.settles({2: [1]})
        assert first.withheld_for(Withholding.THRESHOLD_LOST) == 2_000
        assert (first.money, first.points, first.earned_points) == (6_700 - 2_000, 20, 2)
        assert await order.points() == 4 + 20 - 2

        case = await order.claims({1: [2]}, Kind.EXCHANGE, Reason.DEFECTIVE)
        stands_for = Replaced(order_no=order.order_no, line_no=1, units=(2,))
        other = await order.exchanges(case, _replacement(stands_for, case.case_no))
        second = await other.settles({1: [1]}, reason=Reason.NOT_AS_DESCRIBED)
        assert (second.order_no, second.units[0].units, second.money) == (order.order_no, (2,), 6_700 + 1_000 + 200)
        assert not second.nothing_stays
        assert (await coupons.coded(connection, [coupon.coupon_code]))[coupon.coupon_code].state is CouponState.USED

        third = await order.settles({1: [1]})
        assert third.nothing_stays
        assert third.withheld_for(Withholding.GIFT_KEPT) == 700
        fourth = await order.settles({3: [1]})
        assert (fourth.money, fourth.units[0].amount) == (700, 0)
        assert await order.refunded() == [paid]
        assert await order.points() == 60
        back = (await coupons.coded(connection, [coupon.coupon_code]))[coupon.coupon_code]
        assert back.state is CouponState.RETURNED
        running = await offers.get(connection, "settled-spend")
        assert running is not None
        assert (running.spent, running.used) == (0, 0)


async def test_a_deposit_is_forfeited_and_the_balance_comes_back_first(database: Database) -> None:
    buyer = "settled-bob"
    async with undone(database) as connection:
        priced = ordered(2, campaign=presale("SETTLED-LAMP"), sku=goods("SETTLED-LAMP", 12_000)).order
        deposit, balance = priced.totals.due_now, priced.totals.payable - priced.totals.due_now
        parts = ((Instalment.DEPOSIT, deposit), (Instalment.BALANCE, balance))
        order = await SettledOrder.paid(connection, "SETTLED-2", priced, buyer, *parts)
        stepped_back = await order.settles({1: [1]}, Kind.CANCELLATION)
        assert (stepped_back.money, stepped_back.withheld_for(Withholding.DEPOSIT_FORFEITED)) == (8_000, 1_000)
        assert await order.refunded() == [0, 8_000]
        out_of_stock = await order.settles({1: [2]}, Kind.CANCELLATION, Reason.OUT_OF_STOCK)
        assert out_of_stock.money == 9_000
        assert await order.refunded() == [deposit - 1_000, balance]


async def test_a_case_gives_nothing_of_an_order_that_has_given_everything_back(database: Database) -> None:
    buyer = "settled-eve"
    async with undone(database) as connection:
        await points.put_policy(connection, POLICY, AT)
        await points.grant(connection, buyer, 60, document="test", at=AT)
        bag, wishes = cart(("SETTLED-A", 2)), Wishes(points=60)
        priced = price(bag, SKUS, points_policy=POLICY, points_balance=60, wishes=wishes).order
        paid = (Instalment.FULL, priced.totals.payable)
        order = await SettledOrder.paid(connection, "SETTLED-3", priced, buyer, paid)
        await offer_holds.give_back(connection, order.order_no, Undoing.REFUNDED, AT)
        for payment in await payments.of_order(connection, order.order_no):
            whole = refund_of(payment, AT, reason="out_of_stock")
            assert whole is not None
            await refunds.add(connection, whole)
        found = await order.settles({1: [1, 2]}, Kind.CANCELLATION)
        assert (found.money, found.points, found.points_value) == (0, 0, 0)
        assert await order.points() == 60


async def test_an_order_keeps_to_the_rules_that_stood_when_it_was_placed(database: Database) -> None:
    async with undone(database) as connection:
        before = await after_sales_rules.rules_at(connection, AT)
        rules = AfterSalesRules(tenders=Tenders.POINTS_FIRST)
        _, newest = await after_sales_rules.newest_version(connection)
        if newest != rules:
            first = await after_sales_rules.publish(connection, rules, AT.replace(year=2099))
            assert await after_sales_rules.publish(connection, rules, AT.replace(year=2100)) == first
        assert await after_sales_rules.rules_at(connection, AT) == before
        assert await after_sales_rules.rules_at(connection, AT.replace(year=2099)) == rules


def _replacement(stands_for: Replaced, case_no: str) -> PricedOrder:
    """The order of what one unit was exchanged for."""
    nothing = price(cart(("SETTLED-A", 1)), [goods("SETTLED-A", 0)]).order
    (line,) = nothing.lines
    return replace(nothing, lines=(replace(line, replaces=stands_for),), replaces=case_no)
