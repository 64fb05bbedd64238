"""The table of after-sales cases: who may say what when, and that every case comes to an end (R-REV-4 … R-REV-7)."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from ordersaga.domain.after_sales.case import Case, CaseLine, Fault, Kind, Reason
from ordersaga.domain.after_sales.commands import Command, action_of, patience
from ordersaga.domain.errors import ActionNotAllowed
from ordersaga.domain.lifecycle.after_sales import MACHINE, CaseAction, CaseState
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.domain.lifecycle.words import LANGUAGES
from ordersaga.domain.policies import DEMO, PRODUCTION

AT = datetime(2026, 11, 23, tzinfo=UTC)
REVIEWERS = {Actor.MERCHANT, Actor.OPERATOR}
WITH_OPERATORS = frozenset({CaseState.ESCALATED})
"""Whose word ends a case has no deadline; an alert rings instead."""
UNDER_WAY = frozenset({CaseState.REFUNDING, CaseState.REPLACING})
"""The system is at work until it is done."""


def case(kind: Kind = Kind.RETURN, state: CaseState = CaseState.REQUESTED, **changes: Any) -> Case:
    plain = Case(
        case_no="O-1-A1",
        order_no="O-1",
        sequence=1,
        kind=kind,
        reason=Reason.DEFECTIVE,
        fault=Fault.SELLER,
        state=state,
        table_version=1,
        merchant_id="m-1",
        opened_by_role="buyer",
        opened_by="alice",
        note=None,
        lines=(CaseLine(line_no=1, units=(1, 2)),),
        opened_at=AT,
        updated_at=AT,
    )
    return replace(plain, **changes)


def after(kind: Kind, *commands: Command) -> CaseState:
    """Where a case of a kind is once all of this was said."""
    now = case(kind)
    for command in commands:
        state = CaseState(MACHINE.next(now.state, action_of(now, command), _who(now, command)))
        now = replace(now, state=state)
    return now.state


def _who(now: Case, command: Command) -> Actor:
    action = action_of(now, command)
    return next(
        min(row.by, key=list(Actor).index) for row in MACHINE.rows if (row.current, row.action) == (now.state, action)
    )


def test_no_state_is_unreachable_and_every_one_leads_to_an_end() -> None:
    assert MACHINE.reachable() == set(MACHINE.states) == set(CaseState)
    ending = set(MACHINE.final)
    while grown := {row.current for row in MACHINE.rows if row.next in ending} - ending:
        ending |= grown
    assert ending == set(CaseState)


def test_an_end_is_never_left() -> None:
    assert not [row for row in MACHINE.rows if row.current in MACHINE.final]


def test_a_state_and_an_action_have_one_row_at_most_and_every_action_but_the_opening_has_some() -> None:
    pairs = [(row.current, row.action) for row in MACHINE.rows]
    assert len(set(pairs)) == len(pairs)
    assert {row.action for row in MACHINE.rows} == set(CaseAction) - {CaseAction.OPEN_CASE}


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("state", sorted(set(CaseState) - MACHINE.final - WITH_OPERATORS - UNDER_WAY))
def test_silence_ends_every_state_that_waits_for_somebody(kind: Kind, state: CaseState) -> None:
    assert patience(state, PRODUCTION) is not None
    if (kind, state) == (Kind.CANCELLATION, CaseState.REQUESTED):
        return  # it waits for nobody: its run stops the parcels, or asks for it
    action = action_of(case(kind, state), Command.TIME_IS_OVER)
    assert MACHINE.next(state, action, Actor.SYSTEM) != state


@pytest.mark.parametrize("state", sorted(MACHINE.final | WITH_OPERATORS | UNDER_WAY))
def test_where_nobody_is_waited_for_there_is_no_deadline(state: CaseState) -> None:
    assert patience(state, PRODUCTION) is None


@pytest.mark.parametrize(
    ("kind", "said", "state"),
    [
        (Kind.REFUND, "approve refunds_are_done", CaseState.REFUNDED),
        (Kind.REFUND, "time_is_over refunds_are_done", CaseState.REFUNDED),
        (Kind.REFUND, "reject time_is_over", CaseState.CLOSED),
        (Kind.REFUND, "reject escalate approve refunds_are_done", CaseState.REFUNDED),
        (Kind.REFUND, "reject escalate reject", CaseState.CLOSED),
        (Kind.REFUND, "reject withdraw", CaseState.WITHDRAWN),
        (Kind.RETURN, "approve ship_back receive accept refunds_are_done", CaseState.REFUNDED),
        (Kind.RETURN, "approve time_is_over", CaseState.WITHDRAWN),
        (Kind.RETURN, "approve ship_back time_is_over", CaseState.ESCALATED),
        (Kind.RETURN, "approve ship_back receive refuse time_is_over", CaseState.CLOSED),
        (Kind.RETURN, "reject escalate approve", CaseState.AWAITING_RETURN),
        (Kind.EXCHANGE, "approve ship_back accept replacement_is_placed", CaseState.EXCHANGED),
        (Kind.EXCHANGE, "run_short consent", CaseState.AWAITING_RETURN),
        (Kind.EXCHANGE, "run_short time_is_over", CaseState.WITHDRAWN),
        (Kind.CANCELLATION, "stop refunds_are_done", CaseState.REFUNDED),
        (Kind.CANCELLATION, "ask_to_stop stop refunds_are_done", CaseState.REFUNDED),
        (Kind.CANCELLATION, "ask_to_stop time_is_over", CaseState.AWAITING_RETURN),
        (Kind.CANCELLATION, "ask_to_stop refuse_to_stop", CaseState.AWAITING_RETURN),
    ],
)
def test_what_is_said_leads_a_case_where_the_brief_wants_it(kind: Kind, said: str, state: CaseState) -> None:
    assert after(kind, *map(Command, said.split())) is state


@pytest.mark.parametrize("state", sorted(MACHINE.final))
def test_nothing_can_be_said_of_a_case_that_is_over(state: CaseState) -> None:
    for kind, command in itertools.product(Kind, Command):
        over = case(kind, state)
        with pytest.raises(ActionNotAllowed):
            MACHINE.next(state, action_of(over, command))


@pytest.mark.parametrize("state", sorted({row.current for row in MACHINE.rows if row.next == CaseState.REFUNDING}))
def test_money_is_given_only_by_who_decides_about_it(state: CaseState) -> None:
    """A buyer never gives himself money, but for the consent that turns what was approved into it."""
    givers = {
        actor for row in MACHINE.rows if (row.current, row.next) == (state, CaseState.REFUNDING) for actor in row.by
    }
    assert Actor.BUYER not in givers or state is CaseState.AWAITING_CONSENT


def test_what_gives_money_or_goods_is_never_left_by_withdrawing() -> None:
    given = {CaseState.REFUNDING, CaseState.REPLACING}
    assert not [
        row for row in MACHINE.rows if row.current in given and row.next in (CaseState.WITHDRAWN, CaseState.CLOSED)
    ]


def test_nobody_reviews_a_cancellation() -> None:
    for command in (Command.APPROVE, Command.REJECT):
        with pytest.raises(ActionNotAllowed):
            action_of(case(Kind.CANCELLATION), command)


def test_the_last_word_is_the_operators() -> None:
    assert {actor for row in MACHINE.rows if row.current == CaseState.ESCALATED for actor in row.by} == {Actor.OPERATOR}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_has_a_word_for_every_role_in_every_language(language: str) -> None:
    for state, viewer in itertools.product(MACHINE.states, Actor):
        assert MACHINE.statuses[state].read_by(viewer).read_in(language).strip()


def test_the_time_to_remind_is_before_the_time_to_send_back_is_over() -> None:
    assert 0 < PRODUCTION.return_reminder_seconds < PRODUCTION.return_seconds
    assert 0 < DEMO.return_reminder_seconds < DEMO.return_seconds
