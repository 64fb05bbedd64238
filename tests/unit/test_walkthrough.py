"""The demo tells every scene in its order, and a scene that goes wrong fails the demo and nothing else."""

import asyncio
import io

import pytest
from rich.console import Console, RenderableType

from cli.client import Answer, Api, JsonObject
from cli.walkthrough.chapters import Chapter, Play, Scene, chapters
from cli.walkthrough.gist import gist
from cli.walkthrough.offers import compared, considered, parcels
from cli.walkthrough.performance import Played, perform
from cli.walkthrough.stage import SceneFailed, Stage
from cli.walkthrough.timeline import timeline
from devstack.ready import Addresses
from tests.unit.fake_shop import FakeShop

NOWHERE = Addresses(api="", temporal="", temporal_ui="", namespace="", database="", redis="", data_dir="")


async def performed(*scenes: Scene) -> tuple[list[Played], str]:
    told = io.StringIO()
    async with FakeShop().api() as api, asyncio.timeout(10):
        played = await perform(Console(file=told, width=120), api, NOWHERE, (Chapter(1, "A chapter", scenes),))
    return played, told.getvalue()


def scene(name: str, *, waits_for: asyncio.Event | None = None, ends: asyncio.Event | None = None) -> Scene:
    async def play(stage: Stage) -> None:
        stage.say(f"{name} begins")
        if waits_for is not None:
            await waits_for.wait()
        if ends is not None:
            ends.set()
        stage.say(f"{name} ends")

    return Scene(name, f"The scene {name}", "R-ANY-1", play)


async def test_scenes_are_played_at_once_and_told_in_order() -> None:
    second_is_over = asyncio.Event()
    played, told = await performed(scene("first", waits_for=second_is_over), scene("second", ends=second_is_over))
    assert [one.failure for one in played] == [None, None]
    said = [told.index(f"{name} {what}") for name in ("first", "second") for what in ("begins", "ends")]
    assert said == sorted(said)


async def _fail(stage: Stage) -> None:
    stage.equal("the answer is", 41, 42)


async def _misread(stage: Stage) -> None:
    _ = (await stage.buyer("ana").caller.get("/v1/parcels"))["no such field"]


@pytest.mark.parametrize(
    ("play", "failure"),
    [
        (_fail, "the answer is: 42: not so, but 41"),
        (_misread, "an answer was not understood: KeyError('no such field')"),
    ],
)
async def test_a_scene_that_goes_wrong_is_named_and_the_others_go_on(
    play: Play,
    failure: str,
) -> None:
    played, told = await performed(Scene("bad", "A bad scene", "R-ANY-1", play), scene("good"))
    assert [one.failure for one in played] == [failure, None]
    assert f"✗ {failure}" in told
    assert "good ends" in told


async def test_a_call_that_was_to_be_refused_and_is_not_fails_the_scene() -> None:
    async with FakeShop().api() as api:
        stage = Stage(api, NOWHERE, "any")
        with pytest.raises(SceneFailed, match="was to be refused with 404 not_found"):
            await stage.buyer("ana").refused("looks", "GET", "/v1/parcels", status=404, code="not_found")


async def test_the_same_name_in_two_scenes_is_two_people() -> None:
    async with Api("http://shop.test", secret="a-secret-that-is-long-enough-to-sign-with") as api:
        one, other = Stage(api, NOWHERE, "one"), Stage(api, NOWHERE, "other")
        assert one.buyer("ana").caller.subject != other.buyer("ana").caller.subject


def test_every_scene_has_a_name_of_its_own_and_says_what_it_shows() -> None:
    found = [scene for chapter in chapters() for scene in chapter.scenes]
    assert len({scene.name for scene in found}) == len(found)
    assert all(scene.rules.startswith("R-") for scene in found)
    assert [chapter.number for chapter in chapters()] == sorted({chapter.number for chapter in chapters()})


def test_an_answer_is_told_by_what_matters_in_it() -> None:
    money = {"amount": 148_000, "currency": "TWD"}
    order = Answer(201, {"order_no": "A1", "status": "awaiting_payment", "totals": {"payable": money}})
    assert gist(order).plain == "201  A1 · awaiting_payment · payable 1480.00 TWD"
    assert gist(order, "/v1/orders/A1/cancel").plain == "201  awaiting_payment · payable 1480.00 TWD"
    refusal = Answer(409, {"code": "quote_changed", "status": 409, "changes": [{"field": "a", "quoted": 1, "now": 2}]})
    assert gist(refusal).plain == "409  quote_changed · a: 1 → 2"
    lost = Answer(409, {"code": "quote_changed", "changes": [{"field": "a", "quoted": {"code": "c"}, "now": None}]})
    assert gist(lost).plain == "409  quote_changed · a: c → None"


def test_a_timeline_is_the_order_s_table_and_a_line_for_each_parcel() -> None:
    told = io.StringIO()
    at = "2026-03-02T09:00:0{}Z"
    rows = [("order", 0, "submit"), ("A1-1", 1, "picked"), ("A1-1", 2, "packed"), ("order", 3, "complete")]
    items = [
        {"subject": subject, "at": at.format(second), "action": action, "to": "x", "actor_role": "buyer", "reason": ""}
        for subject, second, action in rows
    ]
    Console(file=told, width=120).print(timeline(items))
    table, _, parcel = told.getvalue().rstrip().rpartition("\n")
    assert parcel == "parcel A1-1: picked 1.00 s, packed 2.00 s"
    assert "complete" in table
    assert "picked" not in table


def twd(amount: int) -> JsonObject:
    return {"amount": amount, "currency": "TWD"}


def lines_of(*shown: RenderableType) -> list[str]:
    told = io.StringIO()
    Console(file=told, width=120).print(*shown)
    return [" ".join(line.split()) for line in told.getvalue().splitlines()]


def test_offers_are_told_with_what_they_take_or_why_they_do_not() -> None:
    apart: JsonObject = {"missing": None, "excluded_by": None, "at_most": None, "amount": None, "reason": ""}
    offers = (
        {"source": "promotion", "code": "a", "name": "Tea week", "applied": True, "amount": twd(500)},
        {"source": "member_benefit", "code": "b", "name": "", "applied": False, "reason": "other_channel"},
        {"source": "coupon", "code": "c", "name": "C", "applied": False, "reason": "excluded", "excluded_by": "a"},
        {"source": "promotion", "code": "d", "name": "D", "applied": False, "reason": "minimum_not_reached"}
        | {"missing": {"amount": twd(100), "count": 2}},
        {"source": "points", "code": "points", "name": "", "applied": False, "reason": "not_chosen", "at_most": 9},
    )
    assert lines_of(considered({"offers": [apart | offer for offer in offers]}))[1:] == [
        "Tea week promotion 5.00 TWD",
        "b member benefit other channel",
        "C coupon excluded, by a",
        "D promotion minimum not reached, 1.00 TWD missing, 2 missing",
        "points points not chosen, at most 9",
    ]


def test_money_is_told_by_quote_and_by_parcel() -> None:
    totals = {
        name: twd(place * 100) for place, name in enumerate(("goods", "discount", "points", "shipping", "payable"))
    }
    (_, told) = lines_of(compared({"plain": {"totals": totals}}))
    assert told == "plain 0.00 TWD 1.00 TWD 2.00 TWD 3.00 TWD 4.00 TWD"
    lines = [{"sku": sku, "quantity": 2, "payable": twd(150), "shipping": twd(10)} for sku in ("TEA", "POT")]
    (_, told) = lines_of(parcels({"parcels": [{"parcel_no": "A-1", "lines": lines}]}))
    assert told == "A-1 2 × TEA, 2 × POT 3.00 TWD 0.20 TWD"
