"""What belongs to the words on a case, what is told of it, and who is offered which word (R-REV-7)."""

from dataclasses import replace
from typing import Any

import pytest

from ordersaga.domain.after_sales.case import Kind, Restock
from ordersaga.domain.after_sales.commands import OF_THE_RUN, Command, commands_of, why_not
from ordersaga.domain.after_sales.details import Inspected, accepting, flaw, inspected_in
from ordersaga.domain.after_sales.notices import notice_of
from ordersaga.domain.lifecycle.after_sales import MACHINE, CaseAction, CaseState
from ordersaga.domain.lifecycle.table import Actor
from tests.unit.test_case_table import case

LINE = {"line_no": 1, "accepted": 1, "restock": "sellable"}
OF_THE_BUYER = {CaseAction.CONSENT_TO_RETURN, CaseAction.CONSENT_TO_REFUND, CaseAction.WITHDRAW, CaseAction.SHIP_BACK}


@pytest.mark.parametrize(
    ("command", "details"),
    [
        (Command.SHIP_BACK, {}),
        (Command.SHIP_BACK, {"carrier": "post"}),
        (Command.SHIP_BACK, {"carrier": "post", "tracking_no": 7}),
        (Command.SHIP_BACK, {"carrier": "post", "tracking_no": "王小明"}),
        (Command.SHIP_BACK, {"carrier": "post", "tracking_no": "1\n"}),
        (Command.SHIP_BACK, {"carrier": "post", "tracking_no": "1", "note": "for Alice"}),
        (Command.ACCEPT, {"lines": 1}),
        (Command.ACCEPT, {"lines": [1]}),
        (Command.ACCEPT, {"lines": [LINE, LINE]}),
        (Command.ACCEPT, {"lines": [LINE | {"accepted": -1}]}),
        (Command.ACCEPT, {"lines": [LINE | {"accepted": True}]}),
        (Command.ACCEPT, {"lines": [LINE | {"restock": "bin"}]}),
        (Command.ACCEPT, {"lines": [LINE | {"restock": []}]}),
        (Command.WITHDRAW, {"why": "x"}),
    ],
)
def test_details_that_nobody_could_act_on_have_a_flaw(command: Command, details: dict[str, Any]) -> None:
    assert flaw(command, details)


def test_details_go_through_temporal_and_back() -> None:
    found = (Inspected(1, 2, Restock.DEFECTIVE), Inspected(3, 0, Restock.SELLABLE))
    assert inspected_in(accepting(found)) == found
    assert flaw(Command.ACCEPT, accepting(found)) == ""
    assert flaw(Command.SHIP_BACK, {"carrier": "7-ELEVEN", "tracking_no": "RR123456789TW"}) == ""
    assert inspected_in({}) is None


def test_nobody_is_offered_what_only_the_run_may_say() -> None:
    for kind in Kind:
        for actor in Actor:
            assert not OF_THE_RUN & set(commands_of(case(kind), actor))
    assert set(commands_of(case(Kind.REFUND), Actor.MERCHANT)) == {Command.APPROVE, Command.REJECT}
    assert commands_of(case(Kind.REFUND), Actor.WAREHOUSE) == ()
    assert Command.CONSENT not in commands_of(case(Kind.RETURN), Actor.BUYER)
    assert Command.CONSENT in commands_of(case(Kind.EXCHANGE), Actor.BUYER)
    assert {Command.STOP, Command.REFUSE_TO_STOP} <= set(commands_of(case(Kind.CANCELLATION), Actor.WAREHOUSE))


def test_only_a_warehouse_that_was_asked_refuses_to_stop() -> None:
    for kind in Kind:
        for command in (Command.STOP, Command.REFUSE_TO_STOP):
            assert why_not(case(kind), command, Actor.MERCHANT), kind
    asked = case(Kind.CANCELLATION, CaseState.STOPPING)
    assert why_not(asked, Command.REFUSE_TO_STOP, Actor.WAREHOUSE) == ""


def test_buyers_are_told_of_all_that_waits_for_them_or_ends_their_case() -> None:
    their_turn = {CaseState.AWAITING_RETURN, CaseState.REJECTED, CaseState.AWAITING_CONSENT, *MACHINE.final}
    for row in MACHINE.rows:
        if row.next in their_turn - {row.current} and row.action not in OF_THE_BUYER:
            assert notice_of(case(), CaseAction(row.action)).buyer, row


def test_merchants_are_told_of_what_others_open_and_never_of_what_they_opened() -> None:
    opened = CaseAction.OPEN_CASE
    for kind in Kind:
        assert notice_of(case(kind), opened).merchant
        assert notice_of(replace(case(kind), opened_by_role="merchant"), opened).merchant is None
