"""Every operation of the OpenAPI document, tried by everybody on what is somebody's: the table says who gets what."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from devstack.stack import Stack
from tests.e2e.unhurried import UnhurriedShop, placing
from tests.security.operations import CALLERS, OPERATIONS, STRANGERS
from tests.security.scene import Call, Scene
from tests.shop import Person, refused

CODES = {401: {"unauthenticated", "signature_invalid", "key_invalid"}, 403: {"forbidden"}, 404: {"not_found"}}
METHODS = ("get", "put", "post", "patch", "delete")


@pytest.fixture(scope="module")
async def scene(stack: Stack, http: httpx.AsyncClient) -> AsyncIterator[Scene]:
    """What it is tried on waits until everybody has tried."""
    async with placing(stack) as places_at:
        yield await Scene.open(await UnhurriedShop.opens(stack, http, places_at))


async def test_the_table_has_every_operation_of_the_openapi_document(http: httpx.AsyncClient) -> None:
    paths = (await http.get("/openapi.json")).json()["paths"]
    served = {f"{method.upper()} {path}" for path, item in paths.items() for method in METHODS if method in item}
    assert served - OPERATIONS.keys() == set(), "new routes: give each a row in tests/security/operations.py"
    assert OPERATIONS.keys() - served == set(), "these rows are of routes that are gone"


@pytest.mark.parametrize("name", OPERATIONS)
async def test_everybody_gets_what_the_table_says(scene: Scene, name: str) -> None:
    people, expected = scene.people(), dict(zip(CALLERS, OPERATIONS[name].answers, strict=True))
    for who in sorted(CALLERS, key=lambda who: (expected[who] < 400, CALLERS.index(who))):
        call = await scene.call(name)
        answer = await asked(people[who], call, with_proof=False)
        assert answer.status_code == expected[who], f"{who}: {answer.text}"
        if who in STRANGERS:
            told = [secret for secret in scene.secrets_of_the_buyer() if secret in answer.text]
            assert told == [], f"{who} reads of somebody else"
        if answer.status_code in CODES:
            is_refused_rightly(answer)
        elif answer.is_success and call.method != "GET":
            scene.used()


@pytest.mark.parametrize("name", [name for name, operation in OPERATIONS.items() if operation.proof])
async def test_the_right_signature_or_key_opens_what_no_token_does(scene: Scene, name: str) -> None:
    answer = await asked(scene.shop.nobody(), await scene.call(name), with_proof=True)
    assert answer.is_success, answer.text
    scene.used()


def is_refused_rightly(answer: httpx.Response) -> None:
    """A refusal says why, and a 404 the same to all: not even that there is something."""
    problem = refused(answer, answer.status_code, answer.json()["code"])
    assert problem["code"] in CODES[answer.status_code], problem
    if problem["code"] == "unauthenticated":
        assert answer.headers["www-authenticate"].startswith("Bearer")
    if answer.status_code == 404:
        assert problem["detail"] == "there is nothing here for you"


async def asked(person: Person, call: Call, *, with_proof: bool) -> httpx.Response:
    """The answer; of one that never ends, its beginning."""
    headers = {"Content-Type": call.content_type} | (dict(call.headers) if with_proof else {})
    if person.token is not None and not with_proof:
        headers["Authorization"] = f"Bearer {person.token}"
    async with (
        asyncio.timeout(30),
        person.http.stream(call.method, call.path, content=call.content, headers=headers) as answer,
    ):
        if answer.headers.get("content-type", "").startswith("text/event-stream"):
            return httpx.Response(answer.status_code, headers=answer.headers, request=answer.request)
        await answer.aread()
    return answer
