"""Every operation under generated requests of every role: nothing fails, nothing is answered that is not documented.

`ORDERSAGA_FUZZ_EXAMPLES` is how many requests of each kind an operation is sent; `make fuzz` sends many, by chance.
"""

import asyncio
import contextlib
import os
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from devstack.stack import Stack
from tests.security import oddities
from tests.security.fuzzed_api import Fuzzed, fuzzed_api
from tests.security.operations import OPERATIONS
from tests.security.scene import Call, Scene
from tests.shop import Shop, callers_of

AnyCase = schemathesis.Case[Any]
AnyOperation = schemathesis.APIOperation[Any, Any, Any, Any]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = int(os.environ.get("ORDERSAGA_FUZZ_EXAMPLES", "0"))
SEARCH = settings(
    max_examples=EXAMPLES or 8,
    derandomize=not EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
PATIENCE = 30.0
STREAM = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Target:
    """The API that is fuzzed, its document, and what to try it on."""

    scene: Scene
    document: schemathesis.BaseSchema
    api: Fuzzed

    @property
    def url(self) -> str:
        return self.api.url

    @property
    def tokens(self) -> list[str]:
        return [person.token for person in self.scene.people().values() if person.token]

    def right_tokens(self, name: str) -> list[str]:
        """Of those whom the operation is for."""
        answers = zip(self.scene.people().values(), OPERATIONS[name].answers, strict=True)
        return [person.token for person, answer in answers if person.token and answer < 300] or self.tokens

    def operation(self, name: str) -> AnyOperation:
        found = self.document.find_operation_by_label(name)
        assert found is not None, f"{name} is not in the OpenAPI document"
        return found

    async def used(self, name: str) -> None:
        """What an operation did to the scene is not for the next one; least of all what it forbids to everybody."""
        self.scene.used()
        if "/admin/" in name:
            await self.api.lift()

    def client(self) -> httpx.Client:
        nothing_trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # reading every authority takes 25 ms for each client
        return httpx.Client(base_url=self.url, timeout=PATIENCE, verify=nothing_trusted, trust_env=False)


@pytest.fixture(scope="module")
async def target(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Target]:
    async with fuzzed_api(stack, tmp_path_factory.mktemp("fuzzed")) as api, callers_of(api.url) as http:
        scene = await Scene.open(await Shop.open(stack, http), api.database)
        document = schemathesis.openapi.from_dict((await http.get("/openapi.json")).json())
        yield Target(scene, document, api)


@pytest.mark.parametrize("name", OPERATIONS)
async def test_a_right_request_succeeds_as_documented(target: Target, name: str) -> None:
    call, operation = await target.scene.call(name), target.operation(name)
    callers = [call.headers] if call.headers else [{"Authorization": f"Bearer {token}"} for token in target.tokens]

    def search() -> list[int]:
        statuses = []
        with target.client() as client:
            for proof in callers:
                headers = {"Content-Type": call.content_type, **proof}
                request = client.build_request(call.method, call.path, content=call.content, headers=headers)
                answer = client.send(request, stream=True)
                check(operation.Case(path_parameters=parameters(name, call)), answer)
                statuses.append(answer.status_code)
        return statuses

    statuses = await asyncio.to_thread(search)
    assert any(status < 300 for status in statuses), statuses
    await target.used(name)


@pytest.mark.parametrize("name", OPERATIONS)
async def test_what_schemas_allow_and_forbid_is_answered_as_documented(target: Target, name: str) -> None:
    call, operation = await target.scene.call(name), target.operation(name)
    right_path, right_tokens = parameters(name, call), target.right_tokens(name)

    def search(mode: GenerationMode) -> None:
        @SEARCH
        @given(st.data())
        def send(data: st.DataObject) -> None:
            case = data.draw(operation.as_strategy(generation_mode=mode))
            if data.draw(st.integers(0, 3)):
                case.path_parameters = dict(right_path)
            token = data.draw(st.sampled_from(right_tokens) | st.sampled_from([None, *target.tokens]))
            headers = {"Authorization": f"Bearer {token}"} if token else None
            sent = case.as_transport_kwargs(base_url=target.url, headers=headers)
            check(case, session.request(**sent, timeout=PATIENCE, stream=True))

        with requests.Session() as session:
            session.trust_env = False
            send()

    await asyncio.to_thread(search, GenerationMode.POSITIVE)
    with contextlib.suppress(Unsatisfiable):  # what takes anything, or nothing, cannot be asked wrongly
        await asyncio.to_thread(search, GenerationMode.NEGATIVE)
    await target.used(name)


@pytest.mark.parametrize("name", OPERATIONS)
async def test_one_odd_thing_in_a_right_request_is_answered_as_documented(target: Target, name: str) -> None:
    call, operation = await target.scene.call(name), target.operation(name)
    case = operation.Case(path_parameters=parameters(name, call))

    def search() -> None:
        @SEARCH
        @given(oddities.bodies(call.body), oddities.headers(target.right_tokens(name)), oddities.queries())
        def send(body: bytes, headers: oddities.Headers, query: str) -> None:
            raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
            path = f"{call.path}?{query}" if query else call.path
            check(
                case,
                client.send(client.build_request(call.method, path, content=body or None, headers=raw), stream=True),
            )

        with target.client() as client:
            send()

    await asyncio.to_thread(search)
    await target.used(name)


@pytest.mark.parametrize("name", [name for name, operation in OPERATIONS.items() if operation.body])
async def test_a_sharp_thing_in_any_place_of_a_body_is_answered_as_documented(target: Target, name: str) -> None:
    call, operation = await target.scene.call(name), target.operation(name)
    case, token = operation.Case(path_parameters=parameters(name, call)), target.right_tokens(name)[0]

    def search() -> None:
        with target.client() as client:
            for body in oddities.sharpened(call.body):
                proof = target.scene.proof(name, body) or {"Authorization": f"Bearer {token}"}
                headers = {"Content-Type": "application/json", **proof}
                check(case, client.request(call.method, call.path, content=body, headers=headers))

    await asyncio.to_thread(search)
    await target.used(name)


def check(case: AnyCase, answer: httpx.Response | requests.Response) -> None:
    """No failure, and status, headers and body as documented. Of a stream, which has no end, only that there is one."""
    if answer.headers.get("content-type", "").startswith(STREAM):
        documented = case.operation.definition.raw["responses"][str(answer.status_code)]
        answer.close()
        assert STREAM in documented["content"]
        return
    if isinstance(answer, httpx.Response):
        answer.read()
    case.validate_response(answer, checks=list(CHECKS))
    assert answer.status_code < 500, answer.text  # a 503 is documented for when a neighbour is away, and none is


def parameters(name: str, call: Call) -> dict[str, Any]:
    """What stands in the path of a right call where the document has a word in braces."""
    template = name.partition(" ")[2].split("/")
    pairs = zip(template, call.path.split("/"), strict=True)
    return {word[1:-1]: value for word, value in pairs if word.startswith("{")}
