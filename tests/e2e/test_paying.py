"""Paying: whatever a provider reports, and however often, an order is paid once and with its own amount."""

import asyncio

import pytest

from tests.callbacks import new_event_id, provider_reports
from tests.e2e.unhurried import UnhurriedShop
from tests.shop import Document, Person, Shop, moved_the_order, refused, succeeded, until


@pytest.fixture
def shop(unhurried: UnhurriedShop) -> Shop:
    """Nobody is too late to pay."""
    return unhurried


async def ordered(shop: Shop) -> tuple[Person, str, str]:
    """A buyer, their unpaid order and its SKU."""
    buyer, sku = shop.buyer(), await shop.shelves(on_hand=5)
    return buyer, await shop.places(buyer, (sku, 2)), sku


async def payment_of(buyer: Person, order_no: str, payment_id: str) -> Document:
    payments = (await buyer.order(order_no))["payments"]
    return next(payment for payment in payments if payment["payment_id"] == payment_id)


async def until_payment(buyer: Person, order_no: str, payment: Document, state: str) -> Document:
    return await until(
        lambda: payment_of(buyer, order_no, payment["payment_id"]), lambda found: bool(found["state"] == state)
    )


async def actions(buyer: Person, order_no: str) -> list[str]:
    return [item["action"] for item in await buyer.timeline(order_no) if moved_the_order(item)]


async def test_a_failed_payment_is_made_good_in_another_channel(shop: Shop) -> None:
    buyer, order_no, sku = await ordered(shop)
    failed = await shop.pays(buyer, order_no, "fail")
    await shop.until(order_no, "payment_failed")
    assert (await buyer.order(order_no))["status"] == "awaiting_payment"

    paid = await shop.attempts(buyer, order_no, "wallet")
    succeeded(await shop.simulates(paid))
    order = await shop.until(order_no, "in_production")

    states = {payment["payment_id"]: (payment["channel"], payment["state"]) for payment in order["payments"]}
    assert states == {failed["payment_id"]: ("card", "failed"), paid["payment_id"]: ("wallet", "succeeded")}
    assert await actions(buyer, order_no) == ["submit", "fail_payment", "confirm_payment", "split"]
    assert await shop.stock(sku) == (5, 2)


async def test_a_payment_opened_with_the_submit_needs_no_second_call(shop: Shop) -> None:
    buyer, sku = shop.buyer(), await shop.shelves()
    order = await shop.submits(buyer, await shop.previews(buyer, (sku, 1)), payment_channel="bank_transfer")
    (payment,) = order["payments"]
    assert (payment["channel"], payment["state"]) == ("bank_transfer", "open")
    succeeded(await shop.simulates(payment))
    await shop.until(order["order_no"], "in_production")


async def test_a_success_reported_three_times_is_one_payment(shop: Shop) -> None:
    buyer, order_no, sku = await ordered(shop)
    payment = await shop.pays(buyer, order_no, times=3)
    succeeded(await shop.simulates(payment, times=2))
    assert (await provider_reports(shop, payment, "succeeded")).status_code == 204
    order = await shop.until(order_no, "in_production")
    assert [item["state"] for item in order["payments"]] == ["succeeded"]
    assert await actions(buyer, order_no) == ["submit", "confirm_payment", "split"]
    assert await shop.stock(sku) == (5, 2)


async def test_the_same_event_delivered_again_with_other_words_changes_nothing(shop: Shop) -> None:
    buyer, order_no, _ = await ordered(shop)
    payment, event_id = await shop.attempts(buyer, order_no), new_event_id()
    succeeded_at_first = await provider_reports(shop, payment, "failed", event_id=event_id)
    assert succeeded_at_first.status_code == 204
    await shop.until(order_no, "payment_failed")
    assert (await provider_reports(shop, payment, "succeeded", event_id=event_id)).status_code == 204
    assert (await provider_reports(shop, payment, "failed")).status_code == 204
    assert await shop.system_status(order_no) == "payment_failed"
    assert await actions(buyer, order_no) == ["submit", "fail_payment"]


async def test_a_failure_after_the_success_takes_nothing_back(shop: Shop) -> None:
    buyer, order_no, _ = await ordered(shop)
    payment = await shop.pays(buyer, order_no)
    await shop.until(order_no, "in_production")
    for state in ("failed", "closed"):
        assert (await provider_reports(shop, payment, state)).status_code == 204
    order = await shop.runs_parcels(await shop.operator.order(order_no))
    assert [item["state"] for item in order["payments"]] == ["succeeded"]
    assert "fail_payment" not in await actions(buyer, order_no)


async def test_a_success_after_the_failure_counts(shop: Shop) -> None:
    buyer, order_no, _ = await ordered(shop)
    payment = await shop.attempts(buyer, order_no)
    await provider_reports(shop, payment, "failed")
    await shop.until(order_no, "payment_failed")
    await provider_reports(shop, payment, "succeeded")
    await shop.until(order_no, "in_production")


@pytest.mark.parametrize("amount", [1, 25_999, 26_001])
async def test_a_wrong_amount_pays_nothing_and_is_kept_as_unexpected(shop: Shop, amount: int) -> None:
    buyer, order_no, sku = await ordered(shop)
    wrong = await shop.pays(buyer, order_no, amount=amount)
    found = await until_payment(buyer, order_no, wrong, "unexpected")
    assert found["failure"] == "amount_mismatch"
    assert found["provider_transaction_id"]
    assert await shop.system_status(order_no) == "awaiting_payment"
    assert await shop.stock(sku) == (5, 2)

    await shop.pays(buyer, order_no)
    order = await shop.until(order_no, "in_production")
    assert [item["state"] for item in order["payments"]] == ["unexpected", "succeeded"]


async def test_another_currency_pays_nothing(shop: Shop) -> None:
    buyer, order_no, _ = await ordered(shop)
    payment = await shop.attempts(buyer, order_no)
    assert (await provider_reports(shop, payment, "succeeded", currency="JPY")).status_code == 204
    assert (await until_payment(buyer, order_no, payment, "unexpected"))["failure"] == "amount_mismatch"
    assert await shop.system_status(order_no) == "awaiting_payment"


async def test_of_two_successes_one_pays_and_the_other_is_unexpected(shop: Shop) -> None:
    buyer, order_no, _ = await ordered(shop)
    attempts = [await shop.attempts(buyer, order_no, channel) for channel in ("card", "wallet")]
    await asyncio.gather(*(shop.simulates(attempt) for attempt in attempts))
    await shop.until(order_no, "in_production")

    async def states() -> list[str]:
        return sorted(payment["state"] for payment in (await buyer.order(order_no))["payments"])

    await until(states, lambda found: "open" not in found)
    # Either the provider closed the second attempt in time, or it took the money and the order did not.
    assert await states() in (["succeeded", "unexpected"], ["closed", "succeeded"])
    assert (await actions(buyer, order_no)).count("confirm_payment") == 1


async def test_an_attempt_still_open_when_the_order_is_paid_is_closed_at_its_provider(shop: Shop) -> None:
    buyer, order_no, _ = await ordered(shop)
    left_open = await shop.attempts(buyer, order_no, "wallet")
    await shop.pays(buyer, order_no)
    await shop.until(order_no, "in_production")
    await until_payment(buyer, order_no, left_open, "closed")
    answer = await shop.simulates(left_open)
    assert (answer.status_code, answer.json()["code"]) == (409, "payment_closed")


async def test_a_second_success_reported_after_payment_is_seen_as_unexpected(shop: Shop) -> None:
    buyer, order_no, sku = await ordered(shop)
    second = await shop.attempts(buyer, order_no, "wallet")
    await shop.pays(buyer, order_no)
    await shop.until(order_no, "in_production")
    await provider_reports(shop, second, "succeeded")
    assert (await until_payment(buyer, order_no, second, "unexpected"))["failure"] == "not_awaited"
    assert await shop.stock(sku) == (5, 2)


async def test_a_paid_order_takes_no_second_attempt(shop: Shop) -> None:
    buyer, order_no, _ = await ordered(shop)
    await shop.pays(buyer, order_no)
    await shop.until(order_no, "in_production")
    answer = await buyer.ask("POST", f"/v1/orders/{order_no}/payments", {"channel": "card"})
    problem = refused(answer, 409, "action_not_allowed")
    assert (problem["action"], problem["state"]) == ("pay", "in_production")
    assert len((await buyer.order(order_no))["payments"]) == 1


async def test_a_forged_callback_is_turned_away_and_pays_nothing(shop: Shop) -> None:
    buyer, order_no, _ = await ordered(shop)
    payment = await shop.attempts(buyer, order_no)
    wrong_key = "whsec_" + "A" * 43 + "="
    refused(await provider_reports(shop, payment, "succeeded", secret=wrong_key), 401, "signature_invalid")
    unsigned = await shop.http.post("/v1/webhooks/payments/sandbox", json={"type": "payment.succeeded", "data": {}})
    refused(unsigned, 401, "signature_invalid")
    of_the_carrier = await provider_reports(shop, payment, "succeeded", secret=shop.secrets.carrier_webhook_secret)
    refused(of_the_carrier, 401, "signature_invalid")
    assert await shop.system_status(order_no) == "awaiting_payment"
    assert (await payment_of(buyer, order_no, payment["payment_id"]))["state"] == "open"


async def test_a_callback_about_nothing_that_we_know_is_acknowledged_and_forgotten(shop: Shop) -> None:
    unknown = {"payment_id": "pay_of_nobody", "amount": {"amount": 100, "currency": "TWD"}}
    assert (await provider_reports(shop, unknown, "succeeded")).status_code == 204
    stranger = await shop.http.post("/v1/webhooks/payments/unheard-of", json={})
    refused(stranger, 404, "not_found")
