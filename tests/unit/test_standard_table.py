"""The standard order's table, row by row: what the brief promises of each state (R-TYPE-1, R-REV-1, R-REV-2)."""

import pytest

from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.standard import MACHINE
from ordersaga.domain.lifecycle.states import State
from ordersaga.domain.lifecycle.table import Actor

BUYER, BUYER_OR_OPERATOR, SYSTEM = {Actor.BUYER}, {Actor.BUYER, Actor.OPERATOR}, {Actor.SYSTEM}
SELLER_TOO = {*BUYER_OR_OPERATOR, Actor.MERCHANT}

TABLE = [
    ("awaiting_payment", "pay", "awaiting_payment", BUYER),
    ("payment_failed", "pay", "payment_failed", BUYER),
    ("awaiting_payment", "fail_payment", "payment_failed", SYSTEM),
    ("payment_failed", "fail_payment", "payment_failed", SYSTEM),
    ("awaiting_payment", "confirm_payment", "paid", SYSTEM),
    ("payment_failed", "confirm_payment", "paid", SYSTEM),
    ("closing_payment", "confirm_payment", "paid", SYSTEM),
    ("awaiting_payment", "reach_payment_deadline", "closing_payment", SYSTEM),
    ("payment_failed", "reach_payment_deadline", "closing_payment", SYSTEM),
    ("awaiting_payment", "cancel", "closing_payment", BUYER_OR_OPERATOR),
    ("payment_failed", "cancel", "closing_payment", BUYER_OR_OPERATOR),
    ("closing_payment", "time_out", "payment_timed_out", SYSTEM),
    ("closing_payment", "confirm_cancellation", "cancelled", SYSTEM),
    ("awaiting_payment", "change_receiver", "awaiting_payment", BUYER_OR_OPERATOR),
    ("payment_failed", "change_receiver", "payment_failed", BUYER_OR_OPERATOR),
    ("paid", "change_receiver", "paid", BUYER_OR_OPERATOR),
    ("in_production", "change_receiver", "in_production", BUYER_OR_OPERATOR),
    ("paid", "split", "in_production", SYSTEM),
    ("in_production", "ship_parcel", "partly_shipped", SYSTEM),
    ("partly_shipped", "ship_parcel", "partly_shipped", SYSTEM),
    ("in_production", "ship_last_parcel", "shipped", SYSTEM),
    ("partly_shipped", "ship_last_parcel", "shipped", SYSTEM),
    ("shipped", "deliver_last_parcel", "delivered", SYSTEM),
    ("delivered", "confirm_receipt", "received", BUYER_OR_OPERATOR),
    ("delivered", "confirm_receipt_automatically", "received", SYSTEM),
    ("received", "complete", "completed", SYSTEM),
    ("delivered", "review", "delivered", BUYER),
    ("received", "review", "received", BUYER),
    ("completed", "review", "completed", BUYER),
    ("awaiting_payment", "hold_for_review", "under_review", SYSTEM),
    ("under_review", "approve_risk", "awaiting_payment", {Actor.OPERATOR}),
    ("under_review", "reject_risk", "risk_refused", {Actor.OPERATOR}),
    ("under_review", "reach_review_deadline", "risk_refused", SYSTEM),
    ("under_review", "cancel", "closing_payment", BUYER_OR_OPERATOR),
    ("paid", "miss_stock", "refunding", SYSTEM),
    ("refunding", "finish_refund", "refunded", SYSTEM),
    ("awaiting_payment", "change_order", "awaiting_payment", BUYER),
    ("payment_failed", "change_order", "payment_failed", BUYER),
    ("awaiting_payment", "change_delivery_note", "awaiting_payment", BUYER_OR_OPERATOR),
    ("payment_failed", "change_delivery_note", "payment_failed", BUYER_OR_OPERATOR),
    ("paid", "request_cancellation", "paid", SELLER_TOO),
    ("in_production", "request_cancellation", "in_production", SELLER_TOO),
    ("partly_shipped", "request_cancellation", "partly_shipped", SELLER_TOO),
    ("partly_shipped", "request_after_sales", "partly_shipped", BUYER_OR_OPERATOR),
    ("shipped", "request_after_sales", "shipped", BUYER_OR_OPERATOR),
    ("delivered", "request_after_sales", "delivered", BUYER_OR_OPERATOR),
    ("received", "request_after_sales", "received", BUYER_OR_OPERATOR),
    ("in_production", "lose_last_parcel", "refunding", SYSTEM),
    ("partly_shipped", "lose_last_parcel", "refunding", SYSTEM),
    ("shipped", "lose_last_parcel", "refunding", SYSTEM),
    ("received", "return_everything", "refunded", SYSTEM),
    ("paid", "change_delivery_note", "paid", BUYER_OR_OPERATOR),
    ("in_production", "change_delivery_note", "in_production", BUYER_OR_OPERATOR),
]


def test_the_table_has_these_rows_and_no_others() -> None:
    assert [(row.current, row.action, row.next, set(row.by)) for row in MACHINE.rows] == TABLE


@pytest.mark.parametrize(
    "way",
    [
        "confirm_payment split ship_last_parcel deliver_last_parcel confirm_receipt complete completed",
        "fail_payment fail_payment confirm_payment split ship_parcel ship_parcel ship_last_parcel shipped",
        "reach_payment_deadline time_out payment_timed_out",
        "fail_payment cancel confirm_cancellation cancelled",
        "cancel confirm_payment split in_production",
        "reach_payment_deadline confirm_payment paid",
    ],
)
def test_an_order_goes_this_way(way: str) -> None:
    *actions, end = way.split()
    state = MACHINE.initial
    for action in actions:
        actor = Actor.BUYER if action in (Action.CANCEL, Action.CONFIRM_RECEIPT) else Actor.SYSTEM
        state = MACHINE.next(state, action, actor)
    assert state == end


def test_money_is_taken_in_every_state_before_the_end_of_waiting_and_in_no_other() -> None:
    assert {row.current for row in MACHINE.rows if row.action == Action.CONFIRM_PAYMENT} == {
        State.AWAITING_PAYMENT,
        State.PAYMENT_FAILED,
        State.CLOSING_PAYMENT,
    }


@pytest.mark.parametrize("state", [State.CANCELLED, State.PAYMENT_TIMED_OUT])
def test_nothing_can_be_done_to_an_order_that_was_given_up(state: State) -> None:
    assert [row for row in MACHINE.rows if row.current == state] == []


def test_a_completed_order_can_only_be_reviewed() -> None:
    assert {row.action for row in MACHINE.rows if row.current == State.COMPLETED} == {Action.REVIEW}


@pytest.mark.parametrize(
    ("state", "buyer", "merchant"),
    [
        (State.PAYMENT_FAILED, "awaiting_payment", "unpaid"),
        (State.CLOSING_PAYMENT, "awaiting_payment", "unpaid"),
        (State.PAYMENT_TIMED_OUT, "cancelled", "cancelled"),
        (State.PAID, "awaiting_shipment", "to_ship"),
        (State.DELIVERED, "awaiting_receipt", "delivered"),
        (State.RECEIVED, "received", "after_sales_window"),
    ],
)
def test_fine_grained_states_have_plain_words(state: State, buyer: str, merchant: str) -> None:
    assert (MACHINE.statuses[state].buyer.code, MACHINE.statuses[state].merchant.code) == (buyer, merchant)
