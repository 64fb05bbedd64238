"""The plan of an experiment: the same seed is the same plan, and everything that can happen is in it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from cli.experiment.faults import PARTS, Kind
from cli.experiment.plan import Plan, draw_plan
from cli.experiment.wishes import UNEXPECTED, Paying, Regret, Saving, Submitting

seeds = st.integers(0, 2**32)
unhurried = settings(deadline=None)


def draw(seed: int, *, unexpected_money: bool = True) -> Plan:
    return draw_plan(seed, seconds=20, orders_per_second=0.5, unexpected_money=unexpected_money)


@unhurried
@given(seeds)
def test_the_same_seed_is_the_same_plan(seed: int) -> None:
    assert draw(seed) == draw(seed)


@unhurried
@given(seeds)
def test_another_seed_is_another_plan(seed: int) -> None:
    assert (draw(seed).wishes, draw(seed).faults) != (draw(seed + 1).wishes, draw(seed + 1).faults)


@unhurried
@given(seeds)
def test_customers_and_faults_come_in_the_time_that_there_is(seed: int) -> None:
    plan = draw(seed)
    for times in ([wish.at for wish in plan.wishes], [fault.at for fault in plan.faults]):
        assert times == sorted(times)
        assert all(0 <= at <= plan.seconds for at in times)
    assert len({wish.number for wish in plan.wishes}) == len(plan.wishes) == 10


@unhurried
@given(seeds)
def test_carts_hold_goods_that_are_sold_each_once(seed: int) -> None:
    plan = draw(seed)
    sold = {good.sku for good in plan.goods}
    for wish in plan.wishes:
        skus = [sku for sku, _ in wish.cart]
        assert sold.issuperset(skus)
        assert len(set(skus)) == len(skus)
        assert all(quantity > 0 for _, quantity in wish.cart)


def test_in_a_few_minutes_everything_happens() -> None:
    plan = draw_plan(1, seconds=600, orders_per_second=2)
    assert {wish.paying for wish in plan.wishes} == set(Paying)
    assert {wish.submitting for wish in plan.wishes} == set(Submitting)
    assert {wish.callbacks for wish in plan.wishes} >= {0, 1, 2}
    assert {wish.saving for wish in plan.wishes} == set(Saving)
    assert {wish.regretting for wish in plan.wishes} == set(Regret)
    assert {(fault.part, fault.kind) for fault in plan.faults} == {(part, kind) for part in PARTS for kind in Kind}
    times = [fault.at for fault in plan.faults]
    assert len(set(times)) < len(times), "sometimes two break at once"


@unhurried
@given(seeds)
def test_without_unexpected_money_nobody_wishes_to_pay_it(seed: int) -> None:
    assert not {wish.paying for wish in draw(seed, unexpected_money=False).wishes} & UNEXPECTED
