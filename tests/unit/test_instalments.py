"""What of an order is to be paid when, read off its table, its terms and its payments."""

from datetime import timedelta

import pytest

from ordersaga.domain.instalments import Part, Standing, plan
from ordersaga.domain.lifecycle import presale as table
from ordersaga.domain.lifecycle.registry import ORDER_TYPES, offered
from ordersaga.domain.payment import Instalment, Payment, PaymentState
from tests.goods import twd
from tests.offers import NOW
from tests.presales import terms

DUE_AT = NOW + timedelta(minutes=15)
OPENS_AT, CLOSES_AT = terms().balance_opens_at, terms().balance_closes_at


def payment(instalment: Instalment, state: PaymentState = PaymentState.SUCCEEDED) -> Payment:
    return Payment(
        payment_id=f"pay-{instalment}",
        order_no="O-1",
        channel="card",
        provider="fake",
        amount=twd(1_000),
        state=state,
        created_at=NOW,
        instalment=instalment,
        paid_at=NOW if state is PaymentState.SUCCEEDED else None,
    )


def parts(state: str, *payments: Payment, payable: int = 9_000, due_now: int = 1_000) -> list[Part]:
    """Of a presale."""
    found = plan(table.MACHINE, state, payments, payable=payable, due_now=due_now, due_at=DUE_AT, terms=terms())
    return list(found)


def states(state: str, *payments: Payment) -> list[Standing]:
    return [part.state for part in parts(state, *payments)]


def test_a_presale_shows_what_is_due_now_and_what_comes_later() -> None:
    assert parts("awaiting_payment") == [
        Part(
            instalment=Instalment.DEPOSIT,
            amount=1_000,
            state=Standing.DUE,
            opens_at=None,
            due_at=DUE_AT,
            paid_at=None,
        ),
        Part(
            instalment=Instalment.BALANCE,
            amount=8_000,
            state=Standing.UPCOMING,
            opens_at=OPENS_AT,
            due_at=CLOSES_AT,
            paid_at=None,
        ),
    ]


def test_once_the_window_is_open_the_balance_is_due_when_the_order_says() -> None:
    deposit, balance = parts("awaiting_balance", payment(Instalment.DEPOSIT))
    assert (deposit.state, deposit.paid_at, deposit.due_at) == (Standing.PAID, NOW, None)
    assert (balance.state, balance.due_at) == (Standing.DUE, DUE_AT)


def test_what_cannot_be_paid_any_more_is_void() -> None:
    deposit = payment(Instalment.DEPOSIT)
    assert states("cancelled") == [Standing.VOID, Standing.VOID]
    assert states("deposit_forfeited", deposit) == [Standing.PAID, Standing.VOID]
    assert states("refunding", deposit) == [Standing.PAID, Standing.VOID]
    assert states("under_review") == [Standing.UPCOMING, Standing.UPCOMING]
    assert states("completed", deposit, payment(Instalment.BALANCE)) == [Standing.PAID, Standing.PAID]


def test_an_attempt_that_failed_pays_nothing() -> None:
    assert states("payment_failed", payment(Instalment.DEPOSIT, PaymentState.FAILED))[0] is Standing.DUE


def test_an_instalment_of_nothing_is_none() -> None:
    assert [part.instalment for part in parts("awaiting_payment", payable=700, due_now=700)] == [Instalment.DEPOSIT]
    assert parts("paid", payable=0, due_now=0) == []


def test_an_exchange_is_not_paid_for() -> None:
    machine = ORDER_TYPES["exchange"].machine
    assert plan(machine, machine.initial, (), payable=0, due_now=0, due_at=DUE_AT, terms=None) == ()


@pytest.mark.parametrize("name", sorted(set(offered()) - {"presale"}))
def test_every_other_type_is_paid_at_once(name: str) -> None:
    machine = ORDER_TYPES[name].machine
    (part,) = plan(machine, machine.initial, (), payable=9_000, due_now=9_000, due_at=DUE_AT, terms=None)
    assert (part.instalment, part.amount, part.state, part.due_at) == (Instalment.FULL, 9_000, Standing.DUE, DUE_AT)
