"""Risk rules: when each kind applies, and which make no sense (R-STK-4)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ordersaga.domain.catalogue import Address
from ordersaga.domain.errors import RuleInvalid
from ordersaga.domain.keys import KeyRing
from ordersaga.domain.risk import (
    ALLOWED,
    Condition,
    Destination,
    HighAmount,
    Listed,
    NewAccount,
    RiskFacts,
    RiskRule,
    Trait,
    Velocity,
    Verdict,
    assess,
    condition_from_document,
)
from ordersaga.gateways.pseudonyms import Pseudonyms, place_of
from tests.goods import TAIPEI

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FACTS = RiskFacts(at=NOW, payable=10_000, currency="TWD", country="TW", region="Taipei")
WEEK = 7 * 86_400
YOUNG, OLD = NOW - timedelta(seconds=WEEK - 1), NOW - timedelta(seconds=WEEK)


@pytest.mark.parametrize(
    ("condition", "facts", "applies"),
    [
        (Listed(lists=frozenset({Trait.IP})), {"listed": frozenset({Trait.IP})}, True),
        (Listed(lists=frozenset({Trait.IP})), {"listed": frozenset({Trait.DEVICE})}, False),
        (Velocity(subject=Trait.IP, orders=3, seconds=60), {"recent": {"own": 3}}, True),
        (Velocity(subject=Trait.IP, orders=3, seconds=60), {"recent": {"own": 2, "other": 9}}, False),
        (HighAmount(amount=10_000, currency="TWD"), {}, True),
        (HighAmount(amount=10_001, currency="TWD"), {}, False),
        (HighAmount(amount=1, currency="JPY"), {}, False),
        (NewAccount(amount=1, currency="TWD", younger_than_seconds=WEEK), {}, True),
        (NewAccount(amount=1, currency="TWD", younger_than_seconds=WEEK), {"first_order_at": YOUNG}, True),
        (NewAccount(amount=1, currency="TWD", younger_than_seconds=WEEK), {"first_order_at": OLD}, False),
        (NewAccount(amount=1, currency="TWD", completed_below=2), {"first_order_at": OLD, "completed": 1}, True),
        (NewAccount(amount=1, currency="TWD", completed_below=2), {"completed": 2}, False),
        (NewAccount(amount=10_001, currency="TWD", completed_below=2), {}, False),
        (Destination(countries=frozenset({"TW"})), {}, True),
        (Destination(countries=frozenset({"JP"})), {}, False),
        (Destination(countries=frozenset({"TW"}), regions=frozenset({"taipei"})), {}, True),
        (Destination(countries=frozenset({"TW"}), regions=frozenset({"Kinmen"})), {}, False),
        (Destination(countries=frozenset({"TW"})), {"country": None, "region": None}, False),
    ],
)
def test_each_kind_of_rule_applies_where_it_says(condition: Condition, facts: dict[str, Any], applies: bool) -> None:
    rule = RiskRule(code="own", condition=condition, verdict=Verdict.REVIEW)
    found = assess([rule], replace(FACTS, **facts))
    assert found.verdict is (Verdict.REVIEW if applies else Verdict.ALLOW)
    assert [(reason.rule, reason.kind) for reason in found.reasons] == [("own", condition.kind)] * applies
    assert assess([replace(rule, enabled=False)], replace(FACTS, **facts)) == ALLOWED


def test_a_denial_beats_a_review_and_all_reasons_are_told() -> None:
    always = HighAmount(amount=1, currency="TWD")
    rules = [
        RiskRule(code="a", condition=always, verdict=Verdict.REVIEW),
        RiskRule(code="b", condition=always, verdict=Verdict.DENY),
    ]
    found = assess(rules, FACTS)
    assert (found.verdict, [reason.rule for reason in found.reasons]) == (Verdict.DENY, ["b", "a"])


@pytest.mark.parametrize(
    ("kind", "parameters", "field"),
    [
        ("block_list", {"lists": []}, "lists"),
        ("velocity", {"subject": "address", "orders": 1, "seconds": 1}, "subject"),
        ("velocity", {"subject": "ip", "orders": 0, "seconds": 1}, "orders"),
        ("velocity", {"subject": "ip", "orders": 1, "seconds": 400 * 86_400}, "seconds"),
        ("amount", {"amount": 0, "currency": "TWD"}, "amount"),
        ("new_account", {"amount": 1, "currency": "TWD"}, "younger_than_seconds"),
        ("new_account", {"amount": 1, "currency": "TWD", "completed_below": 5_000}, "completed_below"),
        ("address", {"countries": []}, "countries"),
    ],
)
def test_a_rule_that_makes_no_sense_names_its_field(kind: str, parameters: dict[str, Any], field: str) -> None:
    with pytest.raises(RuleInvalid) as refused:
        condition_from_document(kind, parameters)
    assert refused.value.details["field"] == field


def test_a_rule_that_allows_makes_no_sense() -> None:
    with pytest.raises(RuleInvalid):
        RiskRule(code="own", condition=HighAmount(amount=1, currency="TWD"), verdict=Verdict.ALLOW)


def test_a_pseudonym_depends_on_what_it_is_of_and_on_the_key() -> None:
    old, new = KeyRing({"k1": b"1" * 32}, "k1"), KeyRing({"k1": b"1" * 32, "k2": b"2" * 32}, "k2")
    before, after = Pseudonyms(old), Pseudonyms(new)
    made = before.of(Trait.IP, "203.0.113.7")
    assert "203" not in made
    assert made != before.of(Trait.DEVICE, "203.0.113.7") != before.of(Trait.IP, "203.0.113.8")
    assert made != after.of(Trait.IP, "203.0.113.7")
    assert after.known(Trait.IP, "203.0.113.7") == [after.of(Trait.IP, "203.0.113.7"), made]


def test_an_address_is_recognised_however_it_is_written_and_whoever_lives_there() -> None:
    again = replace(TAIPEI, name="Somebody", phone="0", line1=" 民生東路一段１號 ", city="TAIPEI")
    assert place_of(again) == place_of(TAIPEI)
    assert place_of(replace(TAIPEI, line1="民生東路一段2號")) != place_of(TAIPEI)
    assert place_of(Address(**{**_fields(TAIPEI), "postal_code": "106"})) != place_of(TAIPEI)


def _fields(address: Address) -> dict[str, str]:
    return {name: getattr(address, name) for name in Address.__slots__}
