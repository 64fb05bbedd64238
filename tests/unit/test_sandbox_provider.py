"""The sandbox's adapter: links, callbacks, and what it makes of the provider's answers."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import httpx
import pytest

from ordersaga.domain.errors import ChannelUnknown, NotFound
from ordersaga.domain.lifecycle.refund import RefundState
from ordersaga.domain.money import Money
from ordersaga.domain.payment import PaymentReport, PaymentState
from ordersaga.domain.refund import RefundReport
from ordersaga.gateways.payment.provider import (
    PaymentAttempt,
    PaymentProvider,
    PaymentUnknown,
    ProviderUnavailable,
    RefundOrder,
    RefundUnknown,
)
from ordersaga.gateways.payment.registry import PaymentProviders
from ordersaga.gateways.payment.sandbox import SandboxProvider
from ordersaga.gateways.payment.sandbox_keys import CashierTicket, CashierTokenInvalid, SandboxKeys
from ordersaga.gateways.signing import SignatureInvalid, sign

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ATTEMPT = PaymentAttempt(
    payment_id="pay_1",
    order_no="O1",
    channel="card",
    amount=Money(129_900, "TWD"),
    expires_at=datetime(2026, 1, 5, 12, 15, tzinfo=UTC),
)
PAID = {
    "payment_id": "pay_1",
    "order_no": "O1",
    "state": "succeeded",
    "amount": 129_900,
    "currency": "TWD",
    "provider_transaction_id": "sbx_1",
    "paid_at": "2026-01-05T12:01:00Z",
    "failure": None,
}
REPORT = PaymentReport(
    payment_id="pay_1",
    state=PaymentState.SUCCEEDED,
    amount=Money(129_900, "TWD"),
    transaction_id="sbx_1",
    paid_at=datetime(2026, 1, 5, 12, 1, tzinfo=UTC),
)


def provider(answer: Callable[[httpx.Request], httpx.Response]) -> SandboxProvider:
    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return SandboxProvider(secret=SECRET, public_url="http://shop.test/", client=client)


def silent(_: httpx.Request) -> httpx.Response:
    raise AssertionError("no call was expected")


@pytest.fixture
async def providers() -> AsyncIterator[PaymentProviders]:
    providers = PaymentProviders.build(public_url="http://shop.test", sandbox_secret=SECRET)
    yield providers
    await providers.aclose()


async def test_opening_an_attempt_makes_no_call_and_always_gives_the_same_link() -> None:
    sandbox: PaymentProvider = provider(silent)

    link = await sandbox.open(ATTEMPT)

    assert link.startswith("http://shop.test/sandbox/cashier/")
    assert "?" not in link
    assert await sandbox.open(ATTEMPT) == link
    elsewhere = ATTEMPT.expires_at.astimezone(timezone(timedelta(hours=8)))
    assert await sandbox.open(replace(ATTEMPT, expires_at=elsewhere)) == link


async def test_a_link_carries_the_attempt_and_the_address_of_its_callbacks() -> None:
    token = (await provider(silent).open(ATTEMPT)).rpartition("/")[2]

    assert SandboxKeys(SECRET).open(token) == CashierTicket(ATTEMPT, "http://shop.test/v1/webhooks/payments/sandbox")


async def test_between_containers_the_cashier_is_public_while_calls_and_callbacks_stay_inside() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, json=PAID)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        sandbox = SandboxProvider(
            secret=SECRET, public_url="http://shop.test/", client=client, internal_url="http://api:8000/"
        )
        page, _, token = (await sandbox.open(ATTEMPT)).rpartition("/")
        await sandbox.ask("pay_1")

    assert page == "http://shop.test/sandbox/cashier"
    assert SandboxKeys(SECRET).open(token).callback_url == "http://api:8000/v1/webhooks/payments/sandbox"
    assert asked == ["http://api:8000/sandbox/api/payments/pay_1"]


def test_a_link_that_was_changed_or_signed_by_another_is_refused() -> None:
    token = SandboxKeys(SECRET).seal(CashierTicket(ATTEMPT, "http://shop.test/"))
    header, payload, signature = token.split(".")

    for forged in (
        "",
        "x",
        f"{header}.{payload}.",
        f"{header}.{payload[:-2]}.{signature}",
        f"eyJhbGciOiJub25lIn0.{payload}.",
    ):
        with pytest.raises(CashierTokenInvalid):
            SandboxKeys(SECRET).open(forged)
    with pytest.raises(CashierTokenInvalid):
        SandboxKeys("whsec_b3RoZXI=").open(token)


async def test_asking_carries_the_merchants_key_and_reads_the_answer() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert (request.method, request.url.path) == ("GET", "/sandbox/api/payments/pay_1")
        assert request.headers["authorization"] == f"Bearer {SandboxKeys(SECRET).api_key}"
        return httpx.Response(200, json=PAID)

    assert await provider(answer).ask("pay_1") == REPORT


async def test_closing_hands_over_the_attempt_so_that_one_never_seen_can_be_closed() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert (request.method, request.url.path) == ("POST", "/sandbox/api/payments/pay_1/close")
        assert SandboxKeys(SECRET).open(json.loads(request.content)["token"]).attempt == ATTEMPT
        return httpx.Response(200, json=PAID | {"state": "closed", "provider_transaction_id": None, "paid_at": None})

    report = await provider(answer).close(ATTEMPT)

    assert (report.state, report.transaction_id, report.paid_at) == (PaymentState.CLOSED, None, None)


async def test_the_providers_own_404_means_that_it_does_not_know_the_payment() -> None:
    with pytest.raises(PaymentUnknown):
        await provider(lambda _: httpx.Response(404, json={"code": "payment_unknown"})).ask("pay_1")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500),
        httpx.Response(404, text="no such page"),
        httpx.Response(404, json={"code": "not_found"}),
        httpx.Response(401, json={"code": "key_invalid"}),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json=PAID | {"payment_id": "pay_2"}),
        httpx.Response(200, json=PAID | {"state": "odd"}),
        httpx.Response(200, json=PAID | {"amount": 1.5}),
        httpx.Response(200, json=PAID | {"provider_transaction_id": None}),
    ],
)
async def test_an_answer_that_says_nothing_of_the_payment_is_no_answer(answer: httpx.Response) -> None:
    with pytest.raises(ProviderUnavailable):
        await provider(lambda _: answer).ask("pay_1")


@pytest.mark.parametrize("fault", [httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), TimeoutError()])
async def test_a_provider_that_cannot_be_reached_is_unavailable(fault: Exception) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        raise fault

    with pytest.raises(ProviderUnavailable):
        await provider(answer).ask("pay_1")


REFUND = RefundOrder(reference="rf_1.1", payment_id="pay_1", transaction_id="sbx_1", amount=Money(129_900, "TWD"))
PAID_BACK = {
    "refund_no": "rf_1.1",
    "payment_id": "pay_1",
    "amount": 129_900,
    "currency": "TWD",
    "provider_refund_id": "sbr_1",
    "failure": None,
    "state": "pending",
}


@pytest.mark.parametrize(("said", "state"), [("pending", "sent"), ("succeeded", "succeeded"), ("failed", "failed")])
async def test_a_refund_is_asked_for_by_our_number_and_its_answer_read(said: str, state: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert (request.method, request.url.path) == ("POST", "/sandbox/api/payments/pay_1/refunds")
        assert json.loads(request.content) == {"refund_no": "rf_1.1", "amount": 129_900, "currency": "TWD"}
        return httpx.Response(200, json=PAID_BACK | {"state": said})

    report = await provider(answer).refund(REFUND)

    assert (report.state, report.reference, report.provider_refund_id) == (state, "rf_1.1", "sbr_1")


@pytest.mark.parametrize(
    ("status", "code"),
    [(404, "payment_unknown"), (409, "payment_not_taken"), (409, "refund_exceeds_payment"), (409, "refund_no_reused")],
)
async def test_a_definite_no_is_a_failed_refund_and_no_error(status: int, code: str) -> None:
    report = await provider(lambda _: httpx.Response(status, json={"code": code})).refund(REFUND)

    assert (report.state, report.failure, report.amount) == (RefundState.FAILED, code, REFUND.amount)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500),
        httpx.Response(404, text="no such page"),
        httpx.Response(404, json={"code": "not_found"}),
        httpx.Response(401, json={"code": "key_invalid"}),
        httpx.Response(422, json={"code": "request_invalid"}),
        httpx.Response(200, json=[]),
        httpx.Response(200, json=PAID_BACK | {"refund_no": "rf_2.1"}),
        httpx.Response(200, json=PAID_BACK | {"state": "odd"}),
        httpx.Response(200, json=PAID_BACK | {"amount": "1"}),
    ],
)
async def test_an_answer_that_says_nothing_of_the_refund_is_no_answer(answer: httpx.Response) -> None:
    for call in (provider(lambda _: answer).refund(REFUND), provider(lambda _: answer).ask_refund("rf_1.1")):
        with pytest.raises(ProviderUnavailable):
            await call


async def test_a_refund_that_the_provider_never_heard_of_is_unknown() -> None:
    with pytest.raises(RefundUnknown):
        await provider(lambda _: httpx.Response(404, json={"code": "refund_unknown"})).ask_refund("rf_1.1")


@pytest.mark.parametrize(("kind", "state"), [("refund.succeeded", "succeeded"), ("refund.failed", "failed")])
def test_a_signed_callback_on_a_refund_is_read_as_a_report_on_it(kind: str, state: str) -> None:
    failure = "refund_rejected" if state == "failed" else None
    data = {name: value for name, value in PAID_BACK.items() if name != "state"} | {"failure": failure}
    body = json.dumps({"type": kind, "timestamp": "2026-01-05T12:01:00Z", "data": data}).encode()

    report = provider(silent).verify(sign(SECRET, "evt_1", body), body).report

    assert isinstance(report, RefundReport)
    assert (report.reference, report.state, report.failure) == ("rf_1.1", state, failure)


def callback(kind: str = "payment.succeeded", **changes: object) -> bytes:
    return json.dumps({"type": kind, "timestamp": "2026-01-05T12:01:00Z", "data": PAID | changes}).encode()


def test_a_signed_callback_is_read_as_the_providers_report() -> None:
    body = callback()

    verified = provider(silent).verify(sign(SECRET, "evt_1", body), body)

    assert (verified.event_id, verified.report) == ("evt_1", REPORT)


@pytest.mark.parametrize(
    "body",
    [
        callback("payment.refunded"),
        callback(amount="129900"),
        callback(amount=True),
        callback(amount=-1),
        callback(currency="ABC"),
        callback(paid_at="2026-01-05T12:01:00"),
        callback(provider_transaction_id=""),
        callback(payment_id=None),
        b"{}",
    ],
)
def test_a_signed_callback_that_makes_no_sense_is_refused(body: bytes) -> None:
    with pytest.raises(SignatureInvalid):
        provider(silent).verify(sign(SECRET, "evt_1", body), body)


def test_an_unsigned_callback_is_refused() -> None:
    with pytest.raises(SignatureInvalid):
        provider(silent).verify({}, callback())


async def test_providers_are_found_by_name_and_by_channel(providers: PaymentProviders) -> None:
    assert providers.channels == ("bank_transfer", "card", "wallet")
    assert providers.for_channel("wallet") is providers.named("sandbox")
    with pytest.raises(NotFound):
        providers.named("other")


async def test_an_unknown_channel_is_refused_with_the_channels_that_there_are(providers: PaymentProviders) -> None:
    with pytest.raises(ChannelUnknown) as refusal:
        providers.for_channel("cash")

    assert refusal.value.details == {"channel": "cash", "allowed_channels": ["bank_transfer", "card", "wallet"]}


async def test_without_a_secret_there_is_no_sandbox() -> None:
    providers = PaymentProviders.build(public_url="http://shop.test", sandbox_secret=None)

    assert providers.channels == ()
    await providers.aclose()
