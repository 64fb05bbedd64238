"""Books of a small shop in which all is right, for tests to plant wrongs in."""

from dataclasses import replace

from cli.experiment.books import (
    BalanceRow,
    Books,
    MovementRow,
    OrderRow,
    ParcelUnits,
    PaymentRow,
    ProviderRow,
    RefundRow,
    StepRow,
)
from cli.experiment.journal import Journal
from tests.chaos.right_purses import right_purses

WAYS = {
    "completed": (
        ("confirm_payment", "paid", "system"),
        ("split", "in_production", "system"),
        ("change_receiver", "in_production", "buyer"),
        ("ship_last_parcel", "shipped", "system"),
        ("deliver_last_parcel", "delivered", "system"),
        ("confirm_receipt", "received", "buyer"),
        ("complete", "completed", "system"),
    ),
    "cancelled": (("cancel", "closing_payment", "buyer"), ("confirm_cancellation", "cancelled", "system")),
    "payment_timed_out": (
        ("reach_payment_deadline", "closing_payment", "system"),
        ("time_out", "payment_timed_out", "system"),
    ),
}
"""Order number → the steps after its submit. Orders are called by how they end."""


def step(order_no: str, action: str, before: str | None, after: str, role: str) -> StepRow:
    return StepRow(order_no=order_no, parcel_no=None, action=action, from_state=before, to_state=after, actor_role=role)


def way(order_no: str) -> list[StepRow]:
    steps, state = [step(order_no, "submit", None, "awaiting_payment", "buyer")], "awaiting_payment"
    for action, after, role in WAYS[order_no]:
        steps.append(step(order_no, action, state, after, role))
        state = after
    return steps


def movement(kind: str, order_no: str | None, on_hand: int, reserved: int) -> MovementRow:
    return MovementRow(sku="tea", warehouse_id="w", kind=kind, order_no=order_no, on_hand=on_hand, reserved=reserved)


def right() -> tuple[Books, Journal]:
    """Three orders of two units: one completed after a payment of another channel and
    a part of its own went back, two given up."""
    buyers = {order_no: f"{order_no}'s buyer" for order_no in WAYS}
    books = Books(
        orders=tuple(
            OrderRow(
                order_no=order_no,
                buyer=buyer,
                order_type="standard",
                table_version=1,
                state=order_no,
                payable=500,
                units=2,
            )
            for order_no, buyer in buyers.items()
        ),
        steps=(
            *(row for order_no in WAYS for row in way(order_no)),
            step("completed", "request_refund", "paid", "paid", "system"),
            replace(step("completed", "open_case", None, "requested", "buyer"), case_no="case"),
        ),
        payments=(
            PaymentRow(payment_id="captured", order_no="completed", state="succeeded", received=500),
            PaymentRow(payment_id="second", order_no="completed", state="unexpected", received=500),
            PaymentRow(payment_id="late", order_no="payment_timed_out", state="unexpected", received=500),
            PaymentRow(payment_id="declined", order_no="cancelled", state="failed", received=None),
        ),
        provider=(
            ProviderRow(payment_id="captured", order_no="completed", paid=500, refunded=120),
            ProviderRow(payment_id="second", order_no="completed", paid=500, refunded=500),
            ProviderRow(payment_id="late", order_no="payment_timed_out", paid=500, refunded=500),
            ProviderRow(payment_id="declined", order_no="cancelled", paid=0),
        ),
        refunds=(
            RefundRow(payment_id="second", order_no="completed", amount=500, state="succeeded"),
            RefundRow(payment_id="late", order_no="payment_timed_out", amount=500, state="succeeded"),
            RefundRow(payment_id="captured", order_no="completed", amount=120, state="succeeded", case_no="case"),
        ),
        movements=(
            movement("adjust", None, 10, 0),
            *(movement("reserve", order_no, 0, 2) for order_no in WAYS),
            movement("commit", "completed", -2, -2),
            movement("release", "cancelled", 0, -2),
            movement("release", "payment_timed_out", 0, -2),
        ),
        balances=(BalanceRow(sku="tea", warehouse_id="w", on_hand=8, reserved=0),),
        parcels=(
            ParcelUnits(
                parcel_no="p", order_no="completed", warehouse_id="w", state="delivered", sku="tea", quantity=2
            ),
        ),
        purses=right_purses(),
        unfinished={"its run is still open": ()},
    )
    return books, Journal(answered={"completed": buyers["completed"]}, listed=dict(buyers))
