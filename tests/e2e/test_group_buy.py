"""Group buys over HTTP: seats, payments, time, and money that goes back to the cent (R-TYPE-5)."""

import asyncio
from collections import Counter
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from ordersaga.domain.messages import group_workflow_id, order_workflow_id
from tests.e2e.passing_time import passes
from tests.e2e.unhurried import UnhurriedShop
from tests.group_buy import PRICE, GroupBuy
from tests.shop import TAIPEI, Document, Person, Shop, items, moved_the_order, refused, succeeded, twd, until


@pytest.fixture
def shop(unhurried: UnhurriedShop) -> Shop:
    """The time to pay is the group's own here."""
    return unhurried


async def outlast(temporal: Client, *workflow_ids: str) -> None:
    """Let more time pass for these runs than any group has. A group's run begins some time after its first seat."""
    for workflow_id in workflow_ids:
        await until(partial(is_there, temporal.get_workflow_handle(workflow_id)), bool)
        await passes(temporal, timedelta(minutes=5), workflow_id)


async def is_there(run: WorkflowHandle[Any, Any]) -> bool:
    try:
        await run.describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        raise
    return True


async def moves(buyer: Person, order: Document) -> list[str]:
    """The actions that brought the order into another state."""
    return [item["action"] for item in await buyer.timeline(order["order_no"]) if moved_the_order(item)]


def money_back(order: Document) -> list[tuple[str, Document]]:
    return [(refund["state"], refund["amount"]) for refund in order["refunds"]]


async def test_of_four_who_join_a_group_of_three_at_once_one_is_refused_and_the_others_go_on(
    shop: UnhurriedShop,
) -> None:
    buy = await GroupBuy.opens(shop, seconds=180)
    people = [shop.buyer(name) for name in ("lea", "bob", "cat", "dan")]
    opened = await buy.joins(people[0])
    code = opened["group"]["code"]
    quotes = [await buy.quotes(person, code) for person in people[1:]]
    answers = await asyncio.gather(
        *(
            shop.placer(person).ask("POST", "/v1/orders", {"quote_token": quote["quote_token"]})
            for person, quote in zip(people[1:], quotes, strict=True)
        )
    )
    assert Counter(answer.status_code for answer in answers) == {201: 2, 409: 1}
    (late,) = [answer for answer in answers if answer.status_code == 409]
    problem = refused(late, 409, "group_unavailable")
    assert (problem["reason"], problem["group_code"]) == ("full", code)
    assert problem["quote"]["sale"] == {"size": 3, "seconds": 180}, "the fresh quote opens a group of the buyer's own"
    assert await shop.stock(buy.sku) == (100, 3)
    seated = await buy.group(code)
    assert (seated["state"], seated["seats_taken"], seated["joinable"]) == ("full", 3, False)

    placed = [(person, answer.json()) for person, answer in zip(people[1:], answers, strict=True) if answer.is_success]
    members = [(people[0], opened), *placed]
    for person, order in members[:2]:
        await buy.pays(person, order)
    waiting = await people[0].order(opened["order_no"])
    assert (waiting["status"], waiting["group"]["state"]) == ("awaiting_group", "full")
    await buy.pays(*members[2])
    for person, order in members:
        await shop.until(order["order_no"], "in_production")
        actions = [item["action"] for item in await person.timeline(order["order_no"])]
        assert actions == ["submit", "pay", "confirm_payment", "fill_group", "split"]
    assert (await buy.group(code))["state"] == "filled"


async def test_a_group_that_does_not_fill_gives_money_back_to_the_cent_whenever_and_however_it_came(
    shop: Shop, temporal: Client
) -> None:
    """Two pay, one pays and the provider says so only when it is asked, one pays when all is over."""
    buy = await GroupBuy.opens(shop, size=5, seconds=180)
    lea, bob, cat, dan = (shop.buyer(name) for name in ("lea", "bob", "cat", "dan"))
    first = await buy.joins(lea)
    code = first["group"]["code"]
    second, silent, late = (
        await buy.joins(bob, code, quantity=2),
        await buy.joins(cat, code),
        await buy.joins(dan, code),
    )
    assert late["payment_due_at"] == late["group"]["expires_at"], "nobody pays for a group that is over"
    paid = [await buy.pays(lea, first), await buy.pays(bob, second)]
    paid.append(await shop.pays(cat, silent["order_no"], times=0))
    unpaid = await shop.attempts(dan, late["order_no"])
    unfinished = [order_workflow_id(order["order_no"]) for order in (silent, late)]
    await outlast(temporal, *unfinished, group_workflow_id(code))

    for order, payment in zip((first, second, silent), paid, strict=True):
        done = await shop.until(order["order_no"], "refunded")
        assert money_back(done) == [("succeeded", payment["amount"])]
        assert [found["refunded"] for found in done["payments"]] == [payment["amount"]]
    gone = await shop.until(late["order_no"], "cancelled")
    assert [payment["state"] for payment in gone["payments"]] == ["closed"]
    assert await moves(lea, first) == ["submit", "confirm_payment", "expire_group", "finish_refund"]
    # The provider is asked when the group is over, or by the inquiry that happened to come before.
    *found, expired, finished = await moves(cat, silent)
    assert found in (["submit", "expire_group", "confirm_payment"], ["submit", "confirm_payment"])
    assert (expired, finished) == ("expire_group", "finish_refund")
    assert await moves(dan, late) == ["submit", "expire_group", "confirm_cancellation"]
    assert (await buy.group(code))["state"] == "expired"
    assert await shop.stock(buy.sku) == (100, 0)

    succeeded(await shop.simulates(unpaid, late=True))
    came = await until(
        lambda: shop.operator.order(late["order_no"]),
        lambda order: money_back(order) == [("succeeded", unpaid["amount"])],
    )
    assert came["system_status"] == "cancelled"
    answer = await dan.ask("POST", "/v1/quotes", buy.cart(code))
    assert refused(answer, 409, "group_unavailable")["reason"] == "expired"


async def test_the_leader_may_leave_while_the_group_forms_and_another_takes_the_seat(shop: Shop) -> None:
    buy = await GroupBuy.opens(shop, size=2, seconds=180)
    lea, bob, cat = (shop.buyer(name) for name in ("lea", "bob", "cat"))
    first = await buy.joins(lea)
    code = first["group"]["code"]
    second = await buy.joins(bob, code)
    paid = await buy.pays(lea, first)
    assert {item["action"]: item["enabled"] for item in (await lea.order(first["order_no"]))["available_actions"]} == {
        "pay": False,
        "cancel": True,
        "change_receiver": True,
        "change_delivery_note": True,
        "confirm_receipt": False,
        "request_after_sales": False,
        "request_cancellation": False,
        "review": False,
    }
    left = await lea.post(f"/v1/orders/{first['order_no']}/cancel")
    assert left["status"] in ("refunding", "refunded")
    assert money_back(await shop.until(first["order_no"], "refunded")) == [("succeeded", paid["amount"])]
    forming = await buy.group(code)
    assert (forming["state"], forming["seats_taken"], forming["joinable"]) == ("forming", 1, True)

    third = await buy.joins(cat, code)
    await buy.pays(bob, second)
    await buy.pays(cat, third)
    for order in (second, third):
        await shop.until(order["order_no"], "in_production")
    assert await shop.stock(buy.sku) == (100, 2)


async def test_who_cancels_unpaid_leaves_the_seat_to_another_and_may_come_back(shop: Shop) -> None:
    buy = await GroupBuy.opens(shop, size=2, seconds=180)
    lea, bob = shop.buyer("lea"), shop.buyer("bob")
    first = await buy.joins(lea)
    code = first["group"]["code"]
    given_up = await buy.joins(bob, code)
    await bob.post(f"/v1/orders/{given_up['order_no']}/cancel")
    assert (await buy.group(code))["seats_taken"] == 1
    again = await buy.joins(bob, code, quantity=2)
    assert (await buy.group(code))["state"] == "full"
    assert again["group"] == (await bob.order(again["order_no"]))["group"]


async def test_a_group_that_has_filled_up_since_the_preview_is_refused_with_a_quote_for_a_group_of_ones_own(
    shop: Shop,
) -> None:
    buy = await GroupBuy.opens(shop, size=2, seconds=180)
    lea, bob, cat = (shop.buyer(name) for name in ("lea", "bob", "cat"))
    code = (await buy.joins(lea))["group"]["code"]
    quote = await buy.quotes(cat, code)
    await buy.joins(bob, code)
    async with shop.nothing_changes(cat, buy.sku):
        answer = await cat.ask("POST", "/v1/orders", {"quote_token": quote["quote_token"]})
        problem = refused(answer, 409, "group_unavailable")
    own = await shop.submits(cat, problem["quote"])
    assert (own["group"]["state"], own["group"]["seats_taken"]) == ("forming", 1)
    assert own["group"]["code"] != code


async def test_goods_that_are_not_sold_to_groups_take_no_group_code(shop: Shop) -> None:
    sku, buyer = await shop.shelves(), shop.buyer()
    cart = {"items": items((sku, 1)), "address": TAIPEI, "group_code": "G-00000-00000"}
    problem = refused(await buyer.ask("POST", "/v1/quotes", cart), 422, "request_invalid")
    assert [fault["field"] for fault in problem["errors"]] == ["group_code"]
    not_offered = refused(
        await buyer.ask("POST", "/v1/quotes", {**cart, "order_type": "group_buy"}), 409, "campaign_unavailable"
    )
    assert not_offered["reason"] == "unknown_campaign"


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"size": 1, "seconds": 60}, "terms.size"),
        ({"size": 3, "seconds": 0}, "terms.seconds"),
        ({"size": 3}, "terms.seconds"),
        ({"size": 3, "seconds": 60, "leader": "x"}, "terms.leader"),
    ],
)
async def test_a_campaign_whose_groups_make_no_sense_is_refused(shop: Shop, terms: Document, field: str) -> None:
    buy = await GroupBuy.opens(shop)
    path, wrong = f"/v1/admin/campaigns/{buy.code}", {**buy.campaign(), "terms": terms}
    assert refused(await shop.operator.ask("PUT", path, wrong), 422, "rule_invalid")["field"] == field


async def test_a_group_is_shown_to_who_has_its_code_and_names_nobody(shop: Shop) -> None:
    buy = await GroupBuy.opens(shop)
    order = await buy.joins(shop.buyer("lea"))
    shown = await buy.group(order["group"]["code"])
    assert shown == {
        **order["group"],
        "campaign": buy.code,
        "order_type": "group_buy",
        "sku": buy.sku,
        "price": twd(PRICE),
        "joinable": True,
    }
    assert shop.mark not in str({name: value for name, value in shown.items() if name not in ("campaign", "sku")})
    refused(await shop.nobody().ask("GET", "/v1/groups/G-00000-00000"), 404, "not_found")


@pytest.mark.parametrize("reason", ["unknown_group", "joined_already", "other_campaign", "full", "dissolved"])
async def test_a_group_that_cannot_be_joined_is_refused_by_the_preview_and_says_why(shop: Shop, reason: str) -> None:
    buy = await GroupBuy.opens(shop, size=2, seconds=180)
    lea, bob, cat = (shop.buyer(name) for name in ("lea", "bob", "cat"))
    code, asked, wanted = "G-NOSUCH", bob, buy
    if reason != "unknown_group":
        order = await buy.joins(lea)
        code = order["group"]["code"]
    if reason == "joined_already":
        asked = lea
    elif reason == "other_campaign":
        wanted = await GroupBuy.opens(shop)
    elif reason == "full":
        await buy.joins(cat, code)
    elif reason == "dissolved":
        await lea.post(f"/v1/orders/{order['order_no']}/cancel")
        await until(lambda: buy.group(code), lambda group: group["state"] == "dissolved")
    async with shop.nothing_changes(asked, wanted.sku):
        answer = await asked.ask("POST", "/v1/quotes", wanted.cart(code))
        assert refused(answer, 409, "group_unavailable")["reason"] == reason
