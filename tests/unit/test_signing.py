"""Signed callbacks: what is trusted, and what a carrier's callback must say."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from ordersaga.domain.errors import NotFound
from ordersaga.gateways.logistics import CarrierCallback, CarrierCallbacks
from ordersaga.gateways.signing import SignatureInvalid, sign, verify

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
PARCEL = {"parcel_no": "P1", "event": "delivered", "at": "2026-01-05T11:58:00+08:00"}


def body_of(
    *, kind: object = "parcel.delivered", data: object = PARCEL, timestamp: object = "2026-01-05T12:00:00Z"
) -> bytes:
    return json.dumps({"type": kind, "timestamp": timestamp, "data": data}).encode()


def test_what_was_signed_is_read_back() -> None:
    body = body_of()

    message = verify(SECRET, sign(SECRET, "evt_1", body), body)

    assert (message.event_id, message.type, message.timestamp) == ("evt_1", "parcel.delivered", NOON)
    assert message.data == PARCEL


def test_header_names_are_read_in_any_case() -> None:
    headers = {name.title(): value for name, value in sign(SECRET, "evt_1", body_of()).items()}

    assert verify(SECRET, headers, body_of()).event_id == "evt_1"


def test_one_good_signature_among_several_is_enough_so_that_secrets_can_rotate() -> None:
    headers, old = sign(SECRET, "evt_1", body_of()), sign(OTHER_SECRET, "evt_1", body_of())
    headers["webhook-signature"] = f"{old['webhook-signature']} v2,abc {headers['webhook-signature']}"

    assert verify(SECRET, headers, body_of()).event_id == "evt_1"


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "evt_2"},
        {"webhook-timestamp": "1"},
        {"webhook-timestamp": "soon"},
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "v1,%%%"},
        {"webhook-signature": "no comma"},
        {"webhook-signature": ""},
        {"webhook-id": ""},
    ],
)
def test_changed_headers_are_refused(change: dict[str, str]) -> None:
    with pytest.raises(SignatureInvalid):
        verify(SECRET, sign(SECRET, "evt_1", body_of()) | change, body_of())


def test_missing_headers_another_secret_and_another_body_are_refused() -> None:
    headers = sign(SECRET, "evt_1", body_of())

    for secret, sent, body in (
        (SECRET, {}, body_of()),
        (OTHER_SECRET, headers, body_of()),
        (SECRET, headers, body_of() + b" "),
        (SECRET, headers, b"\xff"),
    ):
        with pytest.raises(SignatureInvalid):
            verify(secret, sent, body)


@pytest.mark.parametrize("away", [timedelta(minutes=-6), timedelta(minutes=6)])
def test_a_callback_from_another_time_is_refused_as_a_replay(away: timedelta) -> None:
    with pytest.raises(SignatureInvalid):
        verify(SECRET, sign(SECRET, "evt_1", body_of(), at=datetime.now(UTC) + away), body_of())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"[" * 100_000,
        body_of(data=None),
        body_of(kind=7),
        body_of(timestamp="yesterday"),
        body_of(timestamp="2026-01-05T12:00:00"),
        body_of(data={"payment_id": "pay_\0"}),
        body_of(data={"nested": [{"\0": 1}]}),
        body_of(data={"payment_id": "\ud800"}),
    ],
)
def test_a_signed_body_of_another_form_is_refused(body: bytes) -> None:
    with pytest.raises(SignatureInvalid):
        verify(SECRET, sign(SECRET, "evt_1", body), body)


def test_an_endless_event_id_is_refused() -> None:
    with pytest.raises(SignatureInvalid):
        verify(SECRET, sign(SECRET, "e" * 256, body_of()), body_of())


def carrier_says(body: bytes, carrier: str = "sandbox") -> CarrierCallback:
    return CarrierCallbacks.build(sandbox_secret=SECRET).verify(carrier, sign(SECRET, "evt_1", body), body)


def test_a_carrier_says_what_happened_to_a_parcel_and_when() -> None:
    assert carrier_says(body_of()) == CarrierCallback(
        event_id="evt_1", parcel_no="P1", event="delivered", at=datetime(2026, 1, 5, 3, 58, tzinfo=UTC)
    )


def test_an_event_without_its_own_time_has_the_time_of_its_callback() -> None:
    assert carrier_says(body_of(data={"parcel_no": "P1", "event": "delivered"})).at == NOON


@pytest.mark.parametrize(
    "data",
    [
        {"event": "delivered"},
        {"parcel_no": "P1"},
        {"parcel_no": 1, "event": "delivered"},
        {"parcel_no": "P1", "event": "lost"},
        {"parcel_no": "P1", "event": "delivered", "at": "noon"},
    ],
)
def test_a_carrier_callback_that_contradicts_itself_or_lacks_a_part_is_refused(data: object) -> None:
    with pytest.raises(SignatureInvalid):
        carrier_says(body_of(data=data))


def test_a_carrier_that_is_not_configured_does_not_exist() -> None:
    with pytest.raises(NotFound):
        carrier_says(body_of(), carrier="other")
    with pytest.raises(NotFound):
        CarrierCallbacks.build(sandbox_secret=None).verify("sandbox", {}, b"")
