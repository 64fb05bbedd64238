"""What an inspection says, held against what was claimed (R-REV-5)."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ordersaga.domain.after_sales.case import Case, CaseLine, Fault, Kind, Reason, Restock
from ordersaga.domain.after_sales.commands import Command, action_of
from ordersaga.domain.after_sales.details import Inspected
from ordersaga.domain.after_sales.inspection import inspected, is_refusal
from ordersaga.domain.errors import ActionNotAllowed, RuleInvalid
from ordersaga.domain.lifecycle.after_sales import CaseAction, CaseState

AT = datetime(2026, 11, 23, tzinfo=UTC)
CASE = Case(
    case_no="O-1-A1",
    order_no="O-1",
    sequence=1,
    kind=Kind.EXCHANGE,
    reason=Reason.CHANGED_MIND,
    fault=Fault.BUYER,
    state=CaseState.INSPECTING,
    table_version=1,
    merchant_id="own",
    opened_by_role="buyer",
    opened_by="alice",
    note=None,
    lines=(CaseLine(line_no=2, units=(3, 5, 6)), CaseLine(line_no=4, units=(1,))),
    opened_at=AT,
    updated_at=AT,
    return_shipment={"carrier": "black-cat", "tracking_no": "BC-1"},
)
ALL_OF_4 = Inspected(4, 1, Restock.DEFECTIVE)


def test_of_what_is_accepted_the_first_units_are_taken() -> None:
    first, second = inspected(CASE, [ALL_OF_4, Inspected(2, 2, Restock.SELLABLE)])
    assert (first.taken, first.restock) == ((3, 5), Restock.SELLABLE)
    assert (second.taken, second.restock) == ((1,), Restock.DEFECTIVE)


def test_a_line_of_which_nothing_is_accepted_goes_onto_no_stock() -> None:
    first, second = inspected(CASE, [Inspected(2, 0, Restock.SELLABLE), ALL_OF_4])
    assert (first.taken, first.restock) == ((), None)
    assert not is_refusal([first, second])
    assert is_refusal([first])


@pytest.mark.parametrize(
    ("reason", "onto"), [(Reason.CHANGED_MIND, Restock.SELLABLE), (Reason.DEFECTIVE, Restock.DEFECTIVE)]
)
def test_who_takes_everything_without_a_word_puts_what_was_called_broken_aside(reason: Reason, onto: Restock) -> None:
    lines = inspected(replace(CASE, reason=reason), None)
    assert [(line.taken, line.restock) for line in lines] == [((3, 5, 6), onto), ((1,), onto)]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ([Inspected(2, 1, Restock.SELLABLE), ALL_OF_4, Inspected(1, 1, Restock.SELLABLE)], "lines.2.line_no"),
        ([Inspected(2, 4, Restock.SELLABLE), ALL_OF_4], "lines.0.accepted"),
        ([ALL_OF_4], "lines"),
        ([], "lines"),
    ],
)
def test_what_was_not_claimed_or_is_left_out_is_refused_where_it_stands(said: list[Inspected], field: str) -> None:
    with pytest.raises(RuleInvalid) as refusal:
        inspected(CASE, said)
    assert refusal.value.details["field"] == field


def test_goods_that_left_the_buyer_need_not_come_back_before_an_operator_upholds_the_claim() -> None:
    escalated = replace(CASE, state=CaseState.ESCALATED)
    at_home = replace(escalated, return_shipment=None)
    assert action_of(escalated, Command.APPROVE) is CaseAction.RESOLVE_EXCHANGE
    assert action_of(replace(escalated, kind=Kind.RETURN), Command.APPROVE) is CaseAction.RESOLVE_REFUND
    assert action_of(at_home, Command.APPROVE) is CaseAction.RESOLVE_RETURN
    assert action_of(replace(at_home, kind=Kind.REFUND), Command.APPROVE) is CaseAction.RESOLVE_REFUND


def test_a_replacement_that_is_not_to_be_had_is_money_for_whoever_sent_the_goods_back() -> None:
    waiting = replace(CASE, state=CaseState.AWAITING_CONSENT)
    at_home = replace(waiting, return_shipment=None)
    for command in (Command.CONSENT, Command.TIME_IS_OVER):
        assert action_of(waiting, command) is CaseAction.CONSENT_TO_REFUND
    with pytest.raises(ActionNotAllowed):
        action_of(waiting, Command.WITHDRAW)
    assert action_of(at_home, Command.CONSENT) is CaseAction.CONSENT_TO_RETURN
    assert action_of(at_home, Command.TIME_IS_OVER) is CaseAction.MISS_CONSENT
    assert action_of(at_home, Command.WITHDRAW) is CaseAction.WITHDRAW
