"""From the door to the end: receiver changes, reminders, confirmation, reviews, completion."""

import asyncio
from datetime import timedelta

import pytest
from temporalio.client import Client

from ordersaga.domain.messages import order_workflow_id
from tests.e2e.passing_time import passes
from tests.e2e.unhurried import MINUTES, UnhurriedShop
from tests.shop import Document, Person, Shop, refused, until


@pytest.fixture
def shop(unhurried: UnhurriedShop) -> Shop:
    """Nobody is too late to confirm, nor to be told that it was confirmed."""
    return unhurried


async def delivered(shop: Shop) -> tuple[Person, Document]:
    buyer, tea, pot = shop.buyer(), await shop.shelves(), await shop.shelves()
    return buyer, await shop.runs_parcels(await shop.produces(buyer, (tea, 1), (pot, 1)))


async def everything_is_over(temporal: Client, order: Document) -> None:
    """Let so much time pass for the order's run that nobody is waited for any more."""
    await passes(temporal, timedelta(minutes=3 * MINUTES), order_workflow_id(order["order_no"]))


def path_of(order: Document, action: str) -> str:
    return f"/v1/orders/{order['order_no']}/{action}"


async def actions(person: Person, order: Document) -> list[tuple[str, str]]:
    timeline = await person.timeline(order["order_no"])
    return [(item["action"], item["actor_role"]) for item in timeline if item["subject"] == "order"]


async def test_the_buyer_confirms_and_the_order_completes_after_its_window(shop: Shop, temporal: Client) -> None:
    buyer, order = await delivered(shop)
    confirmed = await buyer.post(path_of(order, "confirm-receipt"))
    assert confirmed["status"] == "received"
    again = refused(await buyer.ask("POST", path_of(order, "confirm-receipt")), 409, "action_not_allowed")
    assert (again["action"], again["state"]) == ("confirm_receipt", "received")
    await everything_is_over(temporal, order)
    await shop.until(order["order_no"], "completed")
    assert (await actions(buyer, order))[-2:] == [("confirm_receipt", "buyer"), ("complete", "system")]


async def test_without_an_answer_receipt_is_confirmed_automatically(shop: Shop, temporal: Client) -> None:
    buyer, order = await delivered(shop)
    await everything_is_over(temporal, order)
    await shop.until(order["order_no"], "completed")
    told = await actions(buyer, order)
    assert told[-2:] == [("confirm_receipt_automatically", "system"), ("complete", "system")]


async def test_confirmations_at_once_are_one_confirmation(shop: Shop) -> None:
    buyer, order = await delivered(shop)
    answers = await asyncio.gather(*(buyer.ask("POST", path_of(order, "confirm-receipt")) for _ in range(4)))
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert 200 in {answer.status_code for answer in answers}
    assert (await actions(buyer, order)).count(("confirm_receipt", "buyer")) == 1


async def test_receipt_is_not_confirmed_before_delivery(shop: Shop) -> None:
    buyer, sku = shop.buyer(), await shop.shelves()
    order = await shop.produces(buyer, (sku, 1))
    problem = refused(await buyer.ask("POST", path_of(order, "confirm-receipt")), 409, "action_not_allowed")
    assert (problem["action"], problem["state"]) == ("confirm_receipt", "in_production")


async def test_the_buyer_is_reminded_once_when_everything_is_delivered(shop: Shop) -> None:
    buyer, order = await delivered(shop)
    listed = (await buyer.get("/v1/notifications"))["items"]
    assert [(item["order_no"], item["kind"]) for item in listed] == [(order["order_no"], "confirm_receipt_and_review")]


async def test_each_line_is_reviewed_once(shop: Shop, temporal: Client) -> None:
    buyer, order = await delivered(shop)
    first = {"reviews": [{"line_no": 1, "rating": 5, "text": "香氣很好"}]}
    reviewed = await buyer.post(path_of(order, "reviews"), first)
    assert [(item["line_no"], item["rating"], item["text"]) for item in reviewed["reviews"]] == [(1, 5, "香氣很好")]

    both = {"reviews": [{"line_no": 2, "rating": 4}, {"line_no": 1, "rating": 1}]}
    assert refused(await buyer.ask("POST", path_of(order, "reviews"), both), 409, "review_exists")["line_no"] == 1
    missing = {"reviews": [{"line_no": 2, "rating": 4}, {"line_no": 3, "rating": 4}]}
    refused(await buyer.ask("POST", path_of(order, "reviews"), missing), 422, "reference_unknown")
    assert len((await buyer.order(order["order_no"]))["reviews"]) == 1, "all of a request or nothing"

    await everything_is_over(temporal, order)
    ended = await shop.until(order["order_no"], "completed")
    reviewed = await buyer.post(path_of(ended, "reviews"), {"reviews": [{"line_no": 2, "rating": 4}]})
    assert [item["line_no"] for item in reviewed["reviews"]] == [1, 2]
    assert not any(action["enabled"] for action in reviewed["available_actions"])
    assert next(item for item in reviewed["available_actions"] if item["action"] == "review")["reason"]


async def test_an_order_that_has_not_arrived_is_not_reviewed(shop: Shop) -> None:
    buyer, sku = shop.buyer(), await shop.shelves()
    order = await shop.produces(buyer, (sku, 1))
    body = {"reviews": [{"line_no": 1, "rating": 5}]}
    refused(await buyer.ask("POST", path_of(order, "reviews"), body), 409, "action_not_allowed")
    assert (await buyer.order(order["order_no"]))["reviews"] == []


async def test_the_receiver_may_change_until_a_label_is_printed(shop: Shop) -> None:
    buyer, sku = shop.buyer(), await shop.shelves()
    order_no = await shop.places(buyer, (sku, 1))
    path = f"/v1/orders/{order_no}/receiver"
    unpaid = await buyer.patch(path, {"name": "陳美玲"})
    assert (unpaid["receiver"]["name"], unpaid["receiver"]["city"]) == ("陳美玲", "Taipei")

    await shop.pays(buyer, order_no)
    order = await shop.until(order_no, "in_production")
    await buyer.patch(path, {"phone": "+886 2 5550 0199", "line1": "2 Minsheng Road"})
    helped = await shop.operator.patch(path, {"postal_code": "106"})
    assert helped["receiver"] == {
        "name": "陳美玲",
        "phone": "+886 2 5550 0199",
        "line1": "2 Minsheng Road",
        "city": "Taipei",
        "region": "Taipei",
        "postal_code": "106",
        "country": "TW",
    }
    told = [
        (item["actor_role"], item["reason"])
        for item in await buyer.timeline(order_no)
        if item["action"] == "change_receiver"
    ]
    assert told == [
        ("buyer", "name"),
        ("buyer", "line1, phone"),
        ("operator", "postal_code"),
    ]

    await shop.reports(order["parcels"][0], "label_printed")
    await until(lambda: buyer.order(order_no), lambda seen: bool(seen["parcels"][0]["state"] == "label_printed"))
    problem = refused(await buyer.ask("PATCH", path, {"name": "Too late"}), 409, "action_not_allowed")
    assert problem["action"] == "change_receiver"
    seen = await buyer.order(order_no)
    assert seen["receiver"]["name"] == "陳美玲"
    assert not next(item for item in seen["available_actions"] if item["action"] == "change_receiver")["enabled"]


async def test_the_receiver_of_a_shipped_order_stays(shop: Shop) -> None:
    buyer, order = await delivered(shop)
    refused(await buyer.ask("PATCH", path_of(order, "receiver"), {"name": "Nobody"}), 409, "action_not_allowed")
