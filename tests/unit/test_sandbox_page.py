"""What the cashier page says, in which language, and how it writes amounts and spans."""

from datetime import UTC, datetime, timedelta

import pytest

from api.sandbox.page import amount_text, cashier_page, duration_text, invalid_page
from api.sandbox.sender import SenderPace
from api.sandbox.texts import TEXTS, language_of
from ordersaga.domain.money import Money
from ordersaga.persistence.sandbox import SandboxAttempt, SandboxDecision, SandboxPayment, SandboxState

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def payment(decision: SandboxDecision | None = None, order_no: str = "O1") -> SandboxPayment:
    attempt = SandboxAttempt(
        payment_id="pay_1",
        order_no=order_no,
        channel="card",
        amount=Money(129_900, "TWD"),
        callback_url="http://shop.test/",
        expires_at=NOON + timedelta(minutes=15),
    )
    return SandboxPayment(attempt=attempt, created_at=NOON, decision=decision)


def page(shown: SandboxPayment, language: str = "en") -> str:
    return bytes(cashier_page(shown, action="?lang=en", language=language, now=NOON).body).decode()


def settled(state: SandboxState, failure: str | None = None, paid: int | None = None) -> SandboxPayment:
    transaction = "sbx_1" if paid else None
    return payment(
        SandboxDecision(
            state=state,
            event_id="evt_1",
            decided_at=NOON,
            failure=failure,
            paid_amount=paid,
            provider_transaction_id=transaction,
        )
    )


def test_an_open_attempt_shows_what_is_asked_and_offers_three_buttons() -> None:
    html = page(payment())

    assert "TWD 1,299.00" in html
    assert "15:00" in html
    assert html.count("<button") == 3
    assert "http" not in html.replace("http-equiv", "")


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (settled(SandboxState.SUCCEEDED, paid=100), ("Payment successful", "sbx_1", "TWD 1.00")),
        (settled(SandboxState.FAILED, "card_declined"), ("Payment declined", "The card was declined")),
        (settled(SandboxState.CLOSED), ("Payment closed",)),
        (settled(SandboxState.CLOSED, "expired"), ("Payment expired",)),
    ],
)
def test_a_settled_attempt_shows_its_result_and_no_button(shown: SandboxPayment, words: tuple[str, ...]) -> None:
    html = page(shown)

    assert "<button" not in html
    assert all(word in html for word in words)


def test_what_a_merchant_writes_is_text_and_never_markup() -> None:
    assert "<script>alert" not in page(payment(order_no="<script>alert(1)</script>"))


def test_pages_are_kept_out_of_caches_referrers_and_frames() -> None:
    headers = invalid_page("en").headers

    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_both_languages_have_the_same_texts() -> None:
    assert TEXTS["en"].keys() == TEXTS["zh-Hant"].keys()
    assert 'lang="zh-Hant"' in page(payment(), "zh-Hant")


@pytest.mark.parametrize(
    ("asked", "accepted", "spoken"),
    [
        (None, "", "en"),
        (None, "zh-TW,zh;q=0.9,en;q=0.8", "zh-Hant"),
        (None, "en;q=0.5, zh-Hant-TW", "zh-Hant"),
        (None, "fr, de;q=0.5", "en"),
        (None, "zh;q=0, en", "en"),
        (None, "zh;q=nonsense, en;q=0.1", "en"),
        ("en", "zh-TW", "en"),
        ("zh-Hant", "en", "zh-Hant"),
        ("xx", "zh", "zh-Hant"),
    ],
)
def test_the_language_is_the_asked_one_or_else_the_browsers(asked: str | None, accepted: str, spoken: str) -> None:
    assert language_of(asked, accepted) == spoken


def test_amounts_have_as_many_decimals_as_their_currency() -> None:
    assert amount_text(123_456_789, "TWD") == "TWD 1,234,567.89"
    assert amount_text(1_500, "JPY") == "JPY 1,500"
    assert amount_text(5, "KWD") == "KWD 0.005"


def test_spans_are_written_as_a_clock_counts_them() -> None:
    assert [duration_text(seconds) for seconds in (0, 61, 3_600, 86_399)] == ["0:00", "1:01", "1:00:00", "23:59:59"]


def test_retries_double_their_pause_up_to_a_limit() -> None:
    pauses = [SenderPace().retry_after(tries).total_seconds() for tries in (1, 2, 3, 13)]

    assert pauses == [0.5, 1, 2, 60]
