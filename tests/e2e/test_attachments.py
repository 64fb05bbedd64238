"""Evidence: who may bring what, who reads it, and that it stays with the case that shows it."""

import hashlib
from collections.abc import AsyncIterator

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import httpx
import pytest

from devstack.stack import Stack
from tests.e2e.unhurried import UnhurriedShop
from tests.shop import Person, Shop, refused, succeeded

PNG = b"\x89PNG\r\n\x1a\n" + b"a broken cup"
PATH = "/v1/attachments"


@pytest.fixture
def shop(unhurried: UnhurriedShop) -> Shop:
    """The time to claim does not run out here."""
    return unhurried


async def brings(
    person: Person, content: bytes = PNG, kind: str = "image/png", key: str | None = None
) -> httpx.Response:
    return await person.ask("POST", PATH, content=content, headers={"Content-Type": kind}, key=key)


async def test_evidence_is_read_by_those_whom_its_case_concerns_and_shown_in_one_case_only(shop: Shop) -> None:
    buyer, sku = shop.buyer(), await shop.shelves()
    brought = succeeded(await brings(buyer, key="cup"))
    assert succeeded(await brings(buyer, key="cup")) == brought
    refused(await brings(buyer, PNG + b"!", key="cup"), 422, "idempotency_key_reused")
    assert (brought["size"], brought["sha256"]) == (len(PNG), hashlib.sha256(PNG).hexdigest())
    path = f"{PATH}/{brought['attachment_id']}"
    for stranger in (shop.merchant(), shop.warehouse(), shop.buyer("mallory")):
        refused(await stranger.ask("GET", path), 404, "not_found")

    order = await shop.runs_parcels(await shop.produces(buyer, (sku, 2)))
    claims = f"/v1/orders/{order['order_no']}/after-sales"
    body = {"kind": "return", "lines": [{"line_no": 1, "quantity": 1}], "reason": "defective"}
    evidence = {"attachments": [brought["attachment_id"]]}
    unknown = await buyer.ask("POST", claims, body | {"attachments": ["att_" + "0" * 24]})
    assert refused(unknown, 422, "attachment_invalid")["reason"] == "unknown_attachment"
    case = await buyer.post(claims, body | evidence)
    assert [item["attachment_id"] for item in case["attachments"]] == [brought["attachment_id"]]
    answer = await buyer.ask("POST", claims, body | evidence)
    assert refused(answer, 422, "attachment_invalid")["reason"] == "used"

    for person in (buyer, shop.operator, shop.merchant()):
        answer = await person.ask("GET", path)
        assert (answer.status_code, answer.content) == (200, PNG)
        assert answer.headers["content-type"] == "image/png"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-disposition"].startswith("attachment")
        assert answer.headers["cache-control"].startswith("private")
    for stranger in (shop.merchant("rival"), shop.warehouse("elsewhere"), shop.buyer("mallory")):
        refused(await stranger.ask("GET", path), 404, "not_found")
    assert (await shop.operator.get(f"/v1/orders/{order['order_no']}/audit"))["verified"]


async def test_what_was_swept_is_not_kept_again_by_who_repeats_themselves(shop: Shop, stack: Stack) -> None:
    buyer = shop.buyer()
    brought = succeeded(await brings(buyer, key="cup"))["attachment_id"]
    connection = await asyncpg.connect(stack.addresses.database, timeout=10)
    try:
        await connection.execute("DELETE FROM attachment_contents WHERE key = $1", brought, timeout=10)
        await connection.execute("DELETE FROM attachments WHERE attachment_id = $1", brought, timeout=10)
        answer = await brings(buyer, key="cup")
        assert refused(answer, 422, "attachment_invalid")["reason"] == "unknown_attachment"
        kept = "SELECT count(*) FROM attachment_contents WHERE key = $1"
        assert await connection.fetchval(kept, brought, timeout=10) == 0
    finally:
        await connection.close(timeout=10)


async def test_only_pictures_and_documents_of_a_bounded_size_are_taken(shop: Shop) -> None:
    buyer = shop.buyer()
    for content, kind in (
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"RIFF\0\0\0\0WEBP", "image/webp"),
        (b"%PDF-1.7", "application/pdf"),
    ):
        assert succeeded(await brings(buyer, content, kind))["content_type"] == kind
    for content, kind, reason in (
        (b"<svg onload='alert(1)'/>", "image/svg+xml", "unknown_type"),
        (b"<html>", "text/html", "unknown_type"),
        (b"<html>", "image/png", "type_mismatch"),
        (PNG, "image/jpeg", "type_mismatch"),
        (b"", "image/png", "type_mismatch"),
        (PNG, "", "unknown_type"),
    ):
        assert refused(await brings(buyer, content, kind), 422, "attachment_invalid")["reason"] == reason
    most = 5 * 1024**2
    assert succeeded(await brings(buyer, PNG.ljust(most, b"\0")))["size"] == most
    refused(await brings(buyer, PNG.ljust(most + 1, b"\0")), 413, "body_too_large")

    async def without_end() -> AsyncIterator[bytes]:
        for _ in range(6):
            yield PNG.ljust(1024**2, b"\0")

    headers = {"Authorization": f"Bearer {buyer.token}", "Content-Type": "image/png"}
    refused(await shop.http.post(PATH, content=without_end(), headers=headers), 413, "body_too_large")
    elsewhere = await buyer.ask("POST", "/v1/quotes", content=b" " * (most // 2))
    refused(elsewhere, 413, "body_too_large")
