"""Whatever is cancelled, lost, claimed, inspected and refused of an order, in any order: the books add up (R-REV-8)."""

from random import Random

import pytest

from ordersaga.domain.after_sales.rules import AfterSalesRules, Gifts, Payments, ShippingFee, Tenders, Threshold
from ordersaga.domain.after_sales.units import UnitFate
from ordersaga.domain.catalogue import StockPolicy
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.standard import MACHINE as STANDARD
from ordersaga.domain.payment import Instalment
from ordersaga.domain.pricing.coupons import CouponState, CouponTemplate
from ordersaga.domain.pricing.effects import AmountOff, BuyGet, Gift, Tier, Tiers
from ordersaga.domain.pricing.occasion import Wishes
from ordersaga.domain.pricing.points import PointsPolicy
from ordersaga.domain.pricing.source import Source
from ordersaga.domain.sourcing import demands_of
from ordersaga.domain.splitting import Limits, split
from ordersaga.persistence import (
    after_sales_rules,
    catalogue,
    coupons,
    offers,
    orders,
    parcels,
    points,
    stock,
    stocktaking,
)
from ordersaga.persistence.audit import KEYS_OPTION
from ordersaga.persistence.database import Database
from tests.goods import TAIPEI, cart, goods, seller, tariff, warehouse
from tests.integration.order_stand import OrderStand
from tests.integration.random_way_back import RandomWayBack
from tests.integration.settled_orders import AT, SettledOrder, undone
from tests.offers import only, price, promotion

POLICY = PointsPolicy(currency="TWD", points=1, amount=100)
LIMITS = Limits(weight_g=1_000, volume_mm3=10**9)


@pytest.mark.parametrize("seed", range(8))
async def test_an_order_that_comes_back_by_chance_adds_up_at_every_step_and_to_the_last_cent(
    order_stand: OrderStand, database: Database, seed: int
) -> None:
    dice = Random(seed)
    async with undone(database) as connection:
        mark = f"back-{seed}"
        skus = [goods(f"{mark}-{name}", cost, weight_g=400) for name, cost in (("A", 10_000), ("B", 7_777), ("G", 700))]
        own = seller(shipping={"standard": tariff(600)})
        await catalogue.put_merchants(connection, [own])
        await catalogue.put_warehouses(connection, [warehouse(f"{mark}-W"), warehouse(f"{mark}-V")])
        await catalogue.put_skus(connection, skus)
        for sku in skus:
            shelves = {f"{mark}-W": dice.randint(2, 9), f"{mark}-V": 9}
            await stocktaking.adjust(connection, sku.sku, shelves, document="test", at=AT)
        await after_sales_rules.publish(
            connection,
            AfterSalesRules(
                threshold=dice.choice(list(Threshold)),
                shipping_fee=dice.choice((ShippingFee.WHEN_ALL_RETURNED, ShippingFee.PRO_RATA)),
                gifts=dice.choice(list(Gifts)),
                tenders=dice.choice(list(Tenders)),
                payments=dice.choice(list(Payments)),
            ),
            AT,
        )
        await points.put_policy(connection, POLICY, AT)
        await points.grant(connection, mark, 60, document="test", at=AT)
        tiers = promotion(f"{mark}-T", Tiers(tiers=(Tier(threshold=20_000, amount_off=3_000),)))
        third = promotion(f"{mark}-N", BuyGet(buy=2, get=1), scope=only(skus[1].sku))
        gift = promotion(f"{mark}-G", Gift(sku=skus[2].sku), minimum_amount=15_000, scope=only(skus[0].sku))
        running = [await offers.put(connection, offer, AT) for offer in (tiers, third, gift)]
        terms = promotion(f"{mark}-C", AmountOff(amount=900), source=Source.COUPON)
        await coupons.put_template(connection, CouponTemplate(offer=terms), AT)
        (coupon,) = await coupons.grant(connection, f"{mark}-C", [mark], AT, document="test")
        priced = price(
            cart((skus[0].sku, dice.randint(1, 3)), (skus[1].sku, dice.randint(1, 4))),
            skus[:2],
            *running,
            coupon,
            sellers=[own],
            points_policy=POLICY,
            points_balance=60,
            gifts={skus[2].sku: skus[2]},
            gift_stock={skus[2].sku: 5},
            wishes=Wishes(points=60),
        ).order
        paid = priced.totals.payable
        order = await SettledOrder.paid(
            connection, mark, priced, mark, (Instalment.FULL, paid), table_version=STANDARD.version
        )
        await order.notes(Action.PAY)
        await stock.reserve(connection, mark, demands_of(priced, StockPolicy.DEDUCT_AT_SUBMIT), TAIPEI, AT)
        lines = (await orders.lines_of(connection, [mark]))[mark]
        await parcels.add(connection, mark, split(lines, await stock.sources_of(connection, mark), LIMITS), AT)
        await order.notes(Action.SPLIT)

        life = RandomWayBack(
            order, [sku.sku for sku in skus], database.engine.get_execution_options()[KEYS_OPTION], dice
        )
        for _ in range(25):
            await life.anything()
            await life.is_in_order()
        await life.everything_comes_back()
        await life.is_in_order()

        fates = await life.fates()
        assert None not in fates, life.done
        if UnitFate.EXCHANGED not in fates:
            assert await order.refunded() == [paid], life.done
            assert await order.points() == 60
            found = (await coupons.coded(connection, [coupon.coupon_code]))[coupon.coupon_code]
            assert found.state in (CouponState.RETURNED, CouponState.AVAILABLE)
