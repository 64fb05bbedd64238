"""Sharing money: nothing is lost, nothing goes below zero, the order of the lines is no matter (M1, R-PRC-3)."""

from collections import Counter, defaultdict
from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from ordersaga.domain.money import CURRENCIES, Money, prorate

AMOUNTS = st.integers(0, 10**15)
WEIGHTS = st.lists(st.one_of(st.integers(0, 5), st.integers(0, 10**12)), min_size=1, max_size=12).filter(any)
CURRENCY = st.sampled_from(sorted(CURRENCIES))


@given(AMOUNTS, WEIGHTS)
def test_shares_sum_to_the_amount_and_none_is_negative(amount: int, weights: list[int]) -> None:
    shares = prorate(amount, weights)
    assert len(shares) == len(weights)
    assert sum(shares) == amount
    assert min(shares) >= 0


@given(st.data(), WEIGHTS)
def test_no_share_exceeds_its_weight_while_the_amount_does_not_exceed_all(
    data: st.DataObject, weights: list[int]
) -> None:
    amount = data.draw(st.integers(0, sum(weights)))
    assert all(share <= weight for share, weight in zip(prorate(amount, weights), weights, strict=True))


@given(AMOUNTS, WEIGHTS)
def test_a_weight_of_nothing_gets_nothing(amount: int, weights: list[int]) -> None:
    assert all(share == 0 for share, weight in zip(prorate(amount, weights), weights, strict=True) if weight == 0)


@given(AMOUNTS, WEIGHTS)
def test_every_share_is_the_exact_one_rounded_up_or_down(amount: int, weights: list[int]) -> None:
    whole = sum(weights)
    for share, weight in zip(prorate(amount, weights), weights, strict=True):
        assert abs(share * whole - amount * weight) < whole


@given(AMOUNTS, WEIGHTS, st.randoms(use_true_random=False))
def test_the_order_of_lines_changes_no_weights_shares(amount: int, weights: list[int], random: Random) -> None:
    def by_weight(order: list[int]) -> dict[int, Counter[int]]:
        found: defaultdict[int, Counter[int]] = defaultdict(Counter)
        for weight, share in zip(order, prorate(amount, order), strict=True):
            found[weight][share] += 1
        return found

    shuffled = list(weights)
    random.shuffle(shuffled)
    assert by_weight(shuffled) == by_weight(weights)


@given(AMOUNTS, st.lists(st.integers(0, 10**6), min_size=2, max_size=8).filter(any))
def test_a_heavier_line_never_gets_less_than_a_lighter_one(amount: int, weights: list[int]) -> None:
    pairs = sorted(zip(weights, prorate(amount, weights), strict=True))
    assert all(lighter[1] <= heavier[1] for lighter, heavier in pairwise(pairs) if lighter[0] < heavier[0])


@given(st.integers(-(10**18), 10**18), CURRENCY)
def test_what_is_written_is_read_back_exactly(amount: int, currency: str) -> None:
    money = Money(amount, currency)
    text, _, code = str(money).partition(" ")
    assert Money.parse(text, code) == money
