"""The search for the best combination, cut short: it says so, and what it has is lawful."""

from itertools import combinations
from random import Random

import pytest

from ordersaga.domain.pricing.application import work_out
from ordersaga.domain.pricing.basket import Basket
from ordersaga.domain.pricing.candidates import Candidate, candidates
from ordersaga.domain.pricing.combination import Combination, best_combination
from ordersaga.domain.pricing.exclusion import exclude_each_other
from tests.properties.real_shop import real_visit


@pytest.fixture(scope="module")
def basket() -> Basket:
    visit = real_visit(Random(7))
    goods = sorted(((visit.skus[item.sku], item.quantity) for item in visit.items), key=lambda line: line[0].sku)
    return Basket.of(goods, [100] * len(goods), currency="TWD", order_type="standard", shipping_option="standard")


@pytest.fixture(scope="module")
def offered(basket: Basket) -> list[Candidate]:
    return [found for found in candidates(basket, real_visit(Random(7)).occasion) if isinstance(found, Candidate)]


def saved(combination: Combination, basket: Basket) -> int:
    return sum(taken.amount for taken in work_out(basket, combination.by_line, combination.whole).taken)


@pytest.mark.parametrize("decisions", [0, 1, 50])
def test_a_search_that_is_cut_short_says_so(decisions: int, basket: Basket, offered: list[Candidate]) -> None:
    combination = best_combination(offered, basket, decisions)
    assert not combination.exact
    assert combination.decisions <= decisions


@pytest.mark.parametrize("decisions", [0, 50])
def test_what_it_has_then_is_lawful_and_good(decisions: int, basket: Basket, offered: list[Candidate]) -> None:
    combination = best_combination(offered, basket, decisions)
    applying = {taken.candidate for taken in work_out(basket, combination.by_line, combination.whole).taken}
    assert not any(exclude_each_other(one, other) for one, other in combinations(combination.whole, 2))
    assert set(combination.whole) <= applying
    assert saved(combination, basket) > saved(best_combination([], basket), basket)


def test_more_decisions_never_find_less(basket: Basket, offered: list[Candidate]) -> None:
    found = [saved(best_combination(offered, basket, decisions), basket) for decisions in (0, 20, 100, 10_000)]
    assert found == sorted(found)
