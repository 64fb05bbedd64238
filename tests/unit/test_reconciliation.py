"""What becomes of a difference that is found, found again, decided, or found no more."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from activities.statement import KINDS as TOLD_BY_STATEMENTS
from ordersaga.domain.errors import ActionNotAllowed
from ordersaga.domain.lifecycle import presale, standard
from ordersaga.domain.lifecycle.paid import paid_states
from ordersaga.domain.payment import Instalment
from ordersaga.domain.reconciliation import (
    RULES,
    Decision,
    Discrepancy,
    Item,
    ItemState,
    Kind,
    Look,
    Patience,
    Severity,
    decide,
    seen,
)
from ordersaga.persistence.comparing import CHECKS
from ordersaga.persistence.differences.runs import RUNS

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
LATEST = NOW + timedelta(hours=2)
DIFFERENCE = Discrepancy(kind=Kind.STOCK_DIFFERS, subject="tea/w", expected={"on_hand": 1}, found={"on_hand": 2})
OTHER = replace(DIFFERENCE, found={"on_hand": 3})


def item() -> Item:
    return seen(None, DIFFERENCE, NOW)


def decided(decision: Decision, at: datetime = NOW) -> Item:
    return decide(item(), decision, at, by="olga", note="counted")


def test_a_difference_is_one_item_by_kind_and_subject() -> None:
    assert DIFFERENCE.item_id == OTHER.item_id != replace(DIFFERENCE, subject="tea/x").item_id
    assert DIFFERENCE.item_id != replace(DIFFERENCE, kind=Kind.RESERVATIONS_DIFFER).item_id
    again = seen(item(), OTHER, LATER)
    assert (again.first_seen, again.last_seen, again.found, again.state) == (NOW, LATER, {"on_hand": 3}, ItemState.OPEN)


def test_an_earlier_look_that_ends_later_changes_nothing() -> None:
    known = seen(item(), OTHER, LATER)
    assert seen(known, DIFFERENCE, NOW) == known


def test_what_is_ignored_stays_so_until_it_is_another_difference() -> None:
    ignored = decided(Decision.IGNORE)
    assert seen(ignored, DIFFERENCE, LATER).state is ItemState.IGNORED
    assert seen(ignored, OTHER, LATER).state is ItemState.OPEN


def test_what_was_called_resolved_is_open_again_if_a_later_look_finds_it() -> None:
    resolved = decided(Decision.RESOLVE, at=LATER)
    assert seen(resolved, DIFFERENCE, NOW + timedelta(minutes=1)).state is ItemState.RESOLVED
    assert seen(resolved, DIFFERENCE, LATEST).state is ItemState.OPEN
    assert seen(replace(item(), state=ItemState.GONE), DIFFERENCE, LATER).state is ItemState.OPEN


def test_a_decision_names_who_and_why_and_is_taken_once() -> None:
    resolved = decided(Decision.RESOLVE)
    assert (resolved.decided_by, resolved.note, resolved.state) == ("olga", "counted", ItemState.RESOLVED)
    with pytest.raises(ActionNotAllowed):
        decide(resolved, Decision.IGNORE, LATER, by="olga", note="no")
    assert decide(decided(Decision.IGNORE), Decision.RESOLVE, LATER, by="o", note="n").state is ItemState.RESOLVED


def test_there_is_a_repair_only_where_it_is_safe() -> None:
    with pytest.raises(ActionNotAllowed):
        decided(Decision.FIX)
    by_hand = {kind for kind, rule in RULES.items() if rule.fix is None}
    assert {Kind.REFUND_PAID_TWICE, Kind.PAYMENT_MISSING, Kind.CAPTURE_DIFFERS} <= by_hand
    assert {RULES[kind].severity for kind in by_hand} >= {Severity.MONEY, Severity.BOOKS}


def test_only_a_whole_look_in_the_right_place_closes_what_it_does_not_find() -> None:
    look = Look(check="stock", kinds=frozenset({Kind.STOCK_DIFFERS}), at=LATER)
    assert look.would_have_found(item())
    assert not replace(look, complete=False).would_have_found(item())
    assert not replace(look, at=NOW).would_have_found(item())
    assert not look.would_have_found(replace(item(), kind=Kind.POINTS_DIFFER))


def test_a_statement_closes_nothing_that_is_older_than_what_it_tells_of() -> None:
    captures = Look(check="s", kinds=frozenset({Kind.CAPTURE_DIFFERS}), at=LATER, since=NOW)
    older = replace(item(), kind=Kind.CAPTURE_DIFFERS, concerns_at=NOW - timedelta(seconds=1))
    assert not captures.would_have_found(older)
    assert captures.would_have_found(replace(older, concerns_at=NOW))


def test_a_look_at_some_runs_closes_nothing_of_others() -> None:
    runs = Look(check="r", kinds=frozenset({Kind.RUN_WITHOUT_PURPOSE}), at=LATER, about="order/")
    assert runs.would_have_found(replace(item(), kind=Kind.RUN_WITHOUT_PURPOSE, subject="order/1"))
    assert not runs.would_have_found(replace(item(), kind=Kind.RUN_WITHOUT_PURPOSE, subject="refund/1"))


def test_what_has_just_changed_is_under_way() -> None:
    horizon = Patience(settle_seconds=60).at(NOW)
    assert (NOW - horizon.settled, NOW - horizon.abandoned) == (timedelta(minutes=1), timedelta(minutes=10))
    assert Patience().at(NOW, since=LATER).since == LATER


def test_a_table_says_in_which_states_an_order_must_have_been_paid() -> None:
    full = {paid.state: paid.surely for paid in paid_states(standard.MACHINE)}
    assert all(full[state] for state in ("in_production", "refunded", "completed"))
    assert full.keys().isdisjoint({"cancelled", "closing_payment"})
    parts = {(paid.instalment, paid.state): paid.surely for paid in paid_states(presale.MACHINE)}
    assert parts[Instalment.DEPOSIT, "deposit_forfeited"]
    assert (Instalment.BALANCE, "deposit_forfeited") not in parts
    assert (parts[Instalment.BALANCE, "paid"], parts[Instalment.BALANCE, "refunding"]) == (True, False)


def test_every_kind_has_a_rule_a_check_and_a_row_in_the_documentation() -> None:
    checked = {kind for queries in CHECKS.values() for kind in queries} | {runs.kind for runs in RUNS.values()}
    assert set(Kind) == RULES.keys() == checked | TOLD_BY_STATEMENTS | {Kind.RUN_WITHOUT_PURPOSE}
    page = (Path(__file__).parents[2] / "docs" / "reconciliation.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", page, flags=re.MULTILINE))
    assert {kind: rule.severity.value for kind, rule in RULES.items()} == {
        kind: severity for kind, severity in rows.items() if kind in set(Kind)
    }
    for row in page.splitlines():
        kind = next((kind for kind in Kind if row.startswith(f"| `{kind}` |")), None)
        if kind is not None and RULES[kind].fix is not None:
            assert "`fix`" in row
