"""Risk control is strict: another rule never makes a verdict milder, and each reason is a rule that applied."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ordersaga.domain.risk import (
    MOST_ORDERS,
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
    condition_to_document,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
amounts, currencies, counts = st.integers(1, 50), st.sampled_from(["TWD", "JPY"]), st.integers(1, MOST_ORDERS)
traits, countries = st.sampled_from(Trait), st.sampled_from(["TW", "JP", "US"])
regions = st.sampled_from(["Taipei", "Osaka"])

conditions = st.one_of(
    st.builds(Listed, lists=st.frozensets(traits, min_size=1)),
    st.builds(
        Velocity,
        subject=st.sampled_from([Trait.ACCOUNT, Trait.IP, Trait.DEVICE]),
        orders=st.integers(1, 5),
        seconds=counts,
    ),
    st.builds(HighAmount, amount=amounts, currency=currencies),
    st.builds(NewAccount, amount=amounts, currency=currencies, completed_below=st.integers(1, 5)),
    st.builds(NewAccount, amount=amounts, currency=currencies, younger_than_seconds=counts),
    st.builds(Destination, countries=st.frozensets(countries, min_size=1), regions=st.frozensets(regions)),
)
rules = st.builds(
    RiskRule,
    code=st.text("abc", min_size=1, max_size=3),
    condition=conditions,
    verdict=st.sampled_from([Verdict.REVIEW, Verdict.DENY]),
    enabled=st.booleans(),
)
facts = st.builds(
    RiskFacts,
    at=st.just(NOW),
    payable=st.integers(0, 60),
    currency=currencies,
    country=st.none() | countries,
    region=st.none() | regions,
    listed=st.frozensets(traits),
    recent=st.dictionaries(st.text("abc", min_size=1, max_size=3), st.integers(0, 6)),
    first_order_at=st.none() | st.integers(0, 2_000).map(lambda seconds: NOW - timedelta(seconds=seconds)),
    completed=st.integers(0, 6),
)


@given(st.lists(rules, max_size=8), rules, facts)
def test_another_rule_never_makes_the_verdict_milder(some: list[RiskRule], more: RiskRule, known: RiskFacts) -> None:
    before, after = assess(some, known), assess([*some, more], known)
    assert after.verdict.severity >= before.verdict.severity
    assert len(after.reasons) - len(before.reasons) in (0, 1)


@given(st.lists(rules, max_size=8), facts)
def test_the_verdict_is_the_strictest_reason_whatever_the_order_of_the_rules(
    some: list[RiskRule], known: RiskFacts
) -> None:
    found = assess(some, known)
    assert found.verdict is (found.reasons[0].verdict if found.reasons else Verdict.ALLOW)
    assert {reason.rule for reason in found.reasons} <= {rule.code for rule in some if rule.enabled}
    assert assess(reversed(some), known).verdict is found.verdict
    assert sorted(assess(reversed(some), known).reasons, key=repr) == sorted(found.reasons, key=repr)


@given(rules, facts, st.integers(0, 30))
def test_who_pays_more_or_has_ordered_more_often_is_not_looked_at_more_mildly(
    rule: RiskRule, known: RiskFacts, more: int
) -> None:
    if isinstance(rule.condition, HighAmount | Velocity):
        worse = RiskFacts(
            at=known.at,
            payable=known.payable + more,
            currency=known.currency,
            recent={code: count + more for code, count in known.recent.items()},
        )
        assert assess([rule], worse).verdict.severity >= assess([rule], known).verdict.severity


@given(conditions)
def test_a_condition_is_read_as_it_was_written(condition: Listed) -> None:
    assert condition_from_document(condition.kind, condition_to_document(condition)) == condition
