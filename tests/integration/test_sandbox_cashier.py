"""The sandbox provider over real HTTP and a real PostgreSQL: attempts are settled once, in time or not at all."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from devstack.stack import Stack
from ordersaga.domain.money import Money
from ordersaga.domain.payment import PaymentState
from ordersaga.gateways.payment.provider import PaymentUnknown
from tests.integration.sandbox_stand import Stand, books, own_database, settings, stand

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module")
async def database_url(stack: Stack) -> str:
    return await own_database(stack, "sandbox_cashier")


@pytest_asyncio.fixture
async def shop(database_url: str) -> AsyncIterator[Stand]:
    async with books(database_url) as database, stand(database) as shop:
        yield shop


async def test_a_paid_attempt_has_a_transaction_and_the_provider_says_so_when_asked(shop: Stand) -> None:
    attempt = shop.attempt()

    answer = await shop.simulate(attempt, outcome="succeed")
    report = await shop.sandbox.ask("pay_1")

    assert answer.status_code == 200
    assert answer.json()["state"] == "succeeded"
    assert report.state is PaymentState.SUCCEEDED
    assert report.amount == attempt.amount
    assert report.transaction_id == answer.json()["provider_transaction_id"]
    assert report.paid_at is not None


async def test_paying_twice_is_one_transaction(shop: Stand) -> None:
    attempt = shop.attempt()

    first = await shop.simulate(attempt, outcome="succeed")
    second = await shop.simulate(attempt, outcome="succeed", amount=129_900)

    assert (second.status_code, second.json()) == (200, first.json())


async def test_many_simultaneous_pays_give_one_transaction(shop: Stand) -> None:
    attempt = shop.attempt()

    answers = await asyncio.gather(*(shop.simulate(attempt, outcome="succeed") for _ in range(20)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["provider_transaction_id"] for answer in answers}) == 1


async def test_of_pay_decline_and_close_at_once_exactly_one_happens(shop: Stand) -> None:
    for round_no in range(10):
        attempt = shop.attempt(f"pay_{round_no}")
        outcomes = ("succeed", "fail", "close")

        answers = await asyncio.gather(*(shop.simulate(attempt, outcome=outcome) for outcome in outcomes))

        assert sorted(answer.status_code for answer in answers) == [200, 409, 409]


async def test_a_wrong_amount_is_paid_as_wished_and_not_changed_afterwards(shop: Stand) -> None:
    attempt = shop.attempt()

    paid = await shop.simulate(attempt, outcome="succeed", amount=1)
    again = await shop.simulate(attempt, outcome="succeed", amount=2)
    repeated = await shop.simulate(attempt, outcome="succeed")

    assert paid.json()["amount"] == 1
    assert (again.status_code, again.json()["code"]) == (409, "payment_already_paid")
    assert repeated.json() == paid.json()
    assert (await shop.sandbox.ask("pay_1")).amount == Money(1, "TWD")


@pytest.mark.parametrize(
    ("first", "code"), [("succeed", "payment_already_paid"), ("fail", "payment_failed"), ("close", "payment_closed")]
)
async def test_a_settled_attempt_stays_as_it_is(shop: Stand, first: str, code: str) -> None:
    attempt = shop.attempt()
    settled = (await shop.simulate(attempt, outcome=first)).json()

    for other in {"succeed", "fail", "close"} - {first}:
        refused = await shop.simulate(attempt, outcome=other)

        assert refused.status_code == 409
        assert refused.headers["content-type"] == "application/problem+json"
        assert (refused.json()["code"], refused.json()["payment"]) == (code, settled)


async def test_an_attempt_past_its_deadline_cannot_be_paid_and_is_told_as_closed(shop: Stand) -> None:
    attempt = shop.attempt(seconds=-10)

    refused = await shop.simulate(attempt, outcome="succeed")

    assert (refused.status_code, refused.json()["code"]) == (409, "payment_expired")
    assert (await shop.sandbox.ask("pay_1")).state is PaymentState.CLOSED


async def test_a_little_late_is_still_in_time(shop: Stand) -> None:
    assert (await shop.simulate(shop.attempt(seconds=-0.01), outcome="succeed")).status_code == 200


async def test_an_attempt_that_nobody_came_with_is_unknown_until_its_page_is_opened(shop: Stand) -> None:
    attempt = shop.attempt()
    with pytest.raises(PaymentUnknown):
        await shop.sandbox.ask("pay_1")

    await shop.client.get(await shop.sandbox.open(attempt))

    assert (await shop.sandbox.ask("pay_1")).state is PaymentState.OPEN


async def test_closing_an_attempt_never_seen_keeps_its_page_from_being_paid(shop: Stand) -> None:
    attempt = shop.attempt()

    closed = await shop.sandbox.close(attempt)
    refused = await shop.simulate(attempt, outcome="succeed")

    assert closed.state is PaymentState.CLOSED
    assert await shop.sandbox.close(attempt) == closed
    assert (refused.status_code, refused.json()["code"]) == (409, "payment_closed")


async def test_closing_a_paid_attempt_answers_that_it_is_paid(shop: Stand) -> None:
    attempt = shop.attempt()
    await shop.simulate(attempt, outcome="succeed")

    assert await shop.sandbox.close(attempt) == await shop.sandbox.ask("pay_1")
    assert (await shop.sandbox.ask("pay_1")).state is PaymentState.SUCCEEDED


async def test_close_and_pay_at_once_agree_on_what_happened(shop: Stand) -> None:
    for round_no in range(20):
        attempt = shop.attempt(f"pay_{round_no}")

        closed, paid = await asyncio.gather(shop.sandbox.close(attempt), shop.simulate(attempt, outcome="succeed"))

        assert (closed.state is PaymentState.SUCCEEDED) == (paid.status_code == 200)


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"outcome": "explode"},
        {"outcome": "succeed", "colour": "red"},
        {"outcome": "succeed", "amount": "1"},
        {"outcome": "succeed", "amount": True},
        {"outcome": "succeed", "amount": 1.5},
        {"outcome": "succeed", "amount": 0},
        {"outcome": "succeed", "amount": 10**30},
        {"outcome": "succeed", "times": 11},
        {"outcome": "succeed", "times": -1},
        {"outcome": "succeed", "delay_s": -1},
        {"outcome": "succeed", "delay_s": 1e9},
    ],
)
async def test_a_wish_that_cannot_be_understood_is_a_problem_and_changes_nothing(
    shop: Stand, wish: dict[str, object]
) -> None:
    refused = await shop.simulate(shop.attempt(), **wish)

    assert (refused.status_code, refused.json()["code"]) == (422, "request_invalid")
    assert refused.headers["content-type"] == "application/problem+json"
    with pytest.raises(PaymentUnknown):
        await shop.sandbox.ask("pay_1")


async def test_a_body_that_is_no_json_is_a_problem(shop: Stand) -> None:
    address = f"{await shop.sandbox.open(shop.attempt())}/simulate"

    for body in (b"{", b"[]", b"", b'{"outcome": "succeed", "delay_s": NaN}'):
        refused = await shop.client.post(address, content=body, headers={"content-type": "application/json"})
        assert (refused.status_code, refused.json()["code"]) == (422, "request_invalid")


async def test_a_forged_link_leads_nowhere(shop: Stand) -> None:
    page = await shop.client.get(f"{shop.url}/sandbox/cashier/forged")
    simulated = await shop.client.post(f"{shop.url}/sandbox/cashier/forged/simulate", json={"outcome": "succeed"})

    assert page.status_code == 404
    assert "not a valid payment link" in page.text
    assert (simulated.status_code, simulated.json()["code"]) == (404, "cashier_link_invalid")


async def test_the_provider_api_wants_the_merchants_key(shop: Stand) -> None:
    for headers in ({}, {"authorization": "Bearer guessed"}):
        refused = await shop.client.get(f"{shop.url}/sandbox/api/payments/pay_1", headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (401, "key_invalid")


async def test_the_page_works_by_plain_forms(shop: Stand) -> None:
    address = await shop.sandbox.open(shop.attempt())

    opened = await shop.client.get(address, headers={"accept-language": "zh-TW"})
    pressed = await shop.client.post(f"{address}?lang=zh-Hant", data={"outcome": "succeed"})
    shown = await shop.client.get(str(pressed.next_request.url) if pressed.next_request else "")
    late = await shop.client.post(address, data={"outcome": "close"}, follow_redirects=True)

    assert "等待付款" in opened.text
    assert "1,299.00" in opened.text
    assert pressed.status_code == 303
    assert "付款成功" in shown.text
    assert "Payment successful" in late.text


async def test_the_index_lists_the_latest_attempts(shop: Stand) -> None:
    empty = await shop.client.get(f"{shop.url}/sandbox")
    await shop.simulate(shop.attempt("pay_listed"), outcome="fail")

    listed = await shop.client.get(f"{shop.url}/sandbox")

    assert "Nobody has come" in empty.text
    assert "pay_listed" in listed.text


async def test_without_a_secret_there_is_no_sandbox(shop: Stand) -> None:
    shop.app.state.settings = settings(shop.url, sandbox={})

    assert (await shop.client.get(f"{shop.url}/sandbox")).status_code == 404
    assert (await shop.simulate(shop.attempt(), outcome="succeed")).status_code == 404
