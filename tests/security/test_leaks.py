"""What people wrote and what opens doors stays in the database: not in logs, not in Temporal."""

import base64
import json
import secrets
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import pytest
from pydantic import ValidationError
from temporalio.client import Client

from api.schemas.values import AddressBody
from ordersaga.domain.messages import order_workflow_id, parcel_workflow_id
from ordersaga.gateways.payment.sandbox_keys import SandboxKeys
from tests.callbacks import carrier_reports, provider_reports
from tests.shop import TAIPEI, Document, Shop, items, refused, succeeded, until

MARK = f"zq{secrets.token_hex(6)}"
"""Stands in everything that a person writes here, so that it is found wherever it went."""

RECEIVER = TAIPEI | {
    "name": f"王{MARK} Name",
    "phone": "+886 " + str(int(MARK[2:], 16))[:12],
    "line1": f"Street {MARK} 7",
    "city": f"City {MARK}",
}


class Told:
    """Everything that no log and no run may hold, with what it is."""

    def __init__(self, shop: Shop) -> None:
        self.words = {"what a person wrote": MARK, "a phone number": RECEIVER["phone"], "a name": f"王{MARK}"}
        self.words |= {f"the stack's {key.name}": getattr(shop.secrets, key.name) for key in fields(shop.secrets)}
        self.words["the provider's key"] = SandboxKeys(shop.secrets.payment_webhook_secret).api_key

    def found_in(self, text: str) -> list[str]:
        return [what for what, word in self.words.items() if word in text or json.dumps(word)[1:-1] in text]


async def lives(shop: Shop, told: Told) -> Document:
    """An order from its preview to its review, with everything that a person can write on the way."""
    buyer, sku = shop.buyer(), await shop.shelves()
    address = await buyer.post("/v1/addresses", RECEIVER)
    quote = await buyer.post("/v1/quotes", {"items": items((sku, 2)), "address_id": address["address_id"]})
    order = await shop.submits(buyer, quote, delivery_note=f"behind the {MARK}")
    path = f"/v1/orders/{order['order_no']}"
    preview = await buyer.post(f"{path}/changes/preview", {"lines": [{"line_no": 1, "quantity": 1}]})
    await buyer.post(f"{path}/changes", {"change_token": preview["change_token"]})
    payment = await shop.pays(buyer, order["order_no"])
    told.words |= {
        "a change": preview["change_token"],
        "a buyer's token": str(buyer.token),
        "an operator's token": str(shop.operator.token),
        "a quote": quote["quote_token"],
        "a cashier link": payment["cashier_url"].rpartition("/")[2],
    }
    produced = await shop.until(order["order_no"], "in_production")
    await buyer.patch(f"{path}/receiver", {"line1": f"New street {MARK}"})
    await buyer.patch(f"{path}/delivery-note", {"note": f"before the {MARK}"})
    await carrier_reports(shop, produced["parcels"][0]["parcel_no"], "label_printed")
    delivered = await shop.runs_parcels(produced)
    await buyer.post(f"{path}/confirm-receipt")
    await buyer.post(f"{path}/reviews", {"reviews": [{"line_no": 1, "rating": 1, "text": f"{MARK} was broken"}]})
    return delivered


async def is_cancelled(shop: Shop) -> Document:
    buyer, sku = shop.buyer("bob"), await shop.shelves()
    order_no = await shop.places(buyer, (sku, 1), address=RECEIVER)
    await shop.attempts(buyer, order_no)
    await buyer.post(f"/v1/orders/{order_no}/cancel", {"reason": f"my neighbour {MARK} has one"})
    return await shop.until(order_no, "cancelled")


async def has_codes(shop: Shop, told: Told) -> Document:
    """A digital order whose codes were entered twice, bought and looked at twice."""
    buyer, codes = shop.buyer("carol"), [f"{secrets.token_hex(8)}-{number}" for number in range(2)]
    sku = await shop.shelves(order_type="digital", stock={})
    for _ in range(2):
        await shop.operator.post(f"/v1/admin/skus/{sku}/codes", {"codes": codes}, key=f"enter-{sku}")
    order_no = await shop.places(buyer, (sku, 2), address=None)
    await shop.pays(buyer, order_no)
    await shop.until(order_no, "received")
    for _ in range(2):
        shown = await buyer.post(f"/v1/orders/{order_no}/lines/1/reveal", key=f"look-{sku}")
        assert sorted(shown["codes"]) == sorted(codes)
    told.words |= {"a code": codes[0], "another code": codes[1]}
    return await shop.operator.order(order_no)


async def is_misused(shop: Shop, told: Told, order: Document) -> None:
    """Refusals are logged more readily than successes: the same words and keys, where they are not accepted."""
    buyer, bad = shop.buyer(), f"{MARK}.bad.token"
    refused(await shop.nobody(bad).ask("GET", "/v1/orders"), 401, "unauthenticated")
    refused(await buyer.ask("POST", "/v1/addresses", RECEIVER | {"name": f"{MARK}\0"}), 422, "request_invalid")
    refused(await buyer.ask("POST", "/v1/orders", {"quote_token": MARK}), 400, "quote_invalid")
    refused(await buyer.ask("GET", f"/v1/orders?cursor={MARK}"), 422, "request_invalid")
    as_json = {"Content-Type": "application/json"}
    answer = await buyer.ask("POST", "/v1/orders", content=f'{{"{MARK}'.encode(), headers=as_json)
    refused(answer, 400, "body_malformed")
    payment = order["payments"][0]
    secret = "whsec_" + base64.b64encode(MARK.ljust(32).encode()).decode()
    told.words["a forger's secret"] = secret
    refused(await provider_reports(shop, payment, "failed", secret=secret), 401, "signature_invalid")
    succeeded(await shop.http.get("/readyz"))
    cancel = f"/v1/orders/{order['order_no']}/cancel"
    refused(await buyer.ask("POST", cancel, {"reason": MARK}), 409, "action_not_allowed")


@pytest.fixture(scope="module")
async def told(stack: Any, http: Any) -> tuple[Told, list[Document], Shop]:
    shop = await Shop.open(stack, http)
    told = Told(shop)
    order, cancelled, digital = await lives(shop, told), await is_cancelled(shop), await has_codes(shop, told)
    await is_misused(shop, told, order)
    return told, [order, cancelled, digital], shop


Evidence = tuple[Told, list[Document], Shop]


async def test_no_log_holds_what_people_wrote_or_what_opens_doors(told: Evidence) -> None:
    words, orders, shop = told
    order_no = orders[0]["order_no"]

    async def logs() -> dict[str, str]:
        return {log.name: log.read_text(errors="replace") for log in shop.stack.folder.logs.glob("*.log*")}

    assert words.found_in(json.dumps(orders[0]["receiver"])), "the search finds what is there"

    def tells_of_the_last_misuse(found: dict[str, str]) -> bool:
        return any(order_no in line and '"status": 409' in line for line in found["api.log"].splitlines())

    written = await until(logs, tells_of_the_last_misuse)
    assert {"api.log", "worker-1.log", "postgres.log", "temporal.log", "valkey.log"} <= written.keys()
    assert {name: found for name, text in written.items() if (found := words.found_in(text))} == {}


async def test_no_run_holds_what_people_wrote_or_what_opens_doors(told: Evidence, temporal: Client) -> None:
    words, orders, _ = told
    for order in orders:
        parcels = [parcel_workflow_id(parcel["parcel_no"]) for parcel in order["parcels"]]
        texts = [await everything_of(temporal, run) for run in (order_workflow_id(order["order_no"]), *parcels)]
        assert order["buyer"] in texts[0], "what is read here is no cipher"
        assert [words.found_in(text) for text in texts] == [[] for _ in texts]


async def test_no_row_of_the_database_holds_a_code_that_can_be_read(told: Evidence) -> None:
    words, orders, shop = told
    connection = await asyncpg.connect(shop.stack.addresses.database, timeout=10)
    tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", timeout=10)
    places: dict[str, set[str]] = {}
    for word in ("a code", "another code", "a digital order"):
        told_text = str(words.words.get(word, orders[-1]["order_no"]))
        forms = [told_text, base64.b64encode(told_text.encode()).decode().rstrip("=")]
        query = "SELECT EXISTS (SELECT FROM {} AS row WHERE row::text LIKE ANY ($1))"
        places[word] = {
            name
            for (name,) in tables
            if await connection.fetchval(query.format(f'"{name}"'), [f"%{form}%" for form in forms], timeout=30)
        }
    await connection.close(timeout=10)
    assert {"digital_codes", "digital_holds", "orders", "transitions"} <= places.pop("a digital order")
    assert places == {"a code": set(), "another code": set()}


def test_an_answer_that_does_not_fit_its_schema_is_not_quoted_in_the_log() -> None:
    with pytest.raises(ValidationError) as raised:
        AddressBody.model_validate(RECEIVER | {"phone": MARK * 9})
    assert MARK not in str(raised.value)


async def everything_of(temporal: Client, workflow_id: str) -> str:
    """The whole history of a run, its memo and its search attributes, with every payload opened."""
    handle = temporal.get_workflow_handle(workflow_id)
    described = await handle.describe()
    history = (await handle.fetch_history()).to_json_dict()
    attributes = {pair.key.name: pair.value for pair in described.typed_search_attributes}
    parts = [
        json.dumps(history, ensure_ascii=False),
        repr(await described.memo()),
        repr(attributes),
        *payloads(history),
    ]
    return "\n".join(parts)


def payloads(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("data"), str) and "metadata" in node:
            yield base64.b64decode(node["data"]).decode(errors="replace")
        for value in node.values():
            yield from payloads(value)
    elif isinstance(node, list):
        for value in node:
            yield from payloads(value)
