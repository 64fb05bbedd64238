"""The OpenAPI document: well formed, complete, with examples that its own schemas accept."""

from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from pydantic import SecretStr

from api.app import create_app
from api.problems import STATUS
from ordersaga.settings import QuoteSettings, Settings

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """Written without any server: building the application connects to nothing."""
    settings = Settings(
        database_url=SecretStr("postgresql://unused"),
        redis_url=SecretStr("redis://unused"),
        quote=QuoteSettings(keys={"k": SecretStr("A" * 43 + "=")}),
    )
    return dict(create_app(settings).openapi())


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS & set(item):
            yield f"{method.upper()} {path}", item[method]


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_it_has_what_an_openapi_document_needs(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert document["info"]["title"] == "ordersaga"
    assert document["info"]["version"]


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    found = set(references(document))
    assert found
    for reference in found:
        node: Any = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
        assert node


def test_every_operation_has_a_name_of_its_own_and_a_success(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, operation in operations(document)]
    assert len(names) == len(set(names))
    for where, operation in operations(document):
        assert any(status.startswith("2") for status in operation["responses"]), where
        assert operation.get("tags"), where


def test_the_contracts_operations_are_all_there(document: dict[str, Any]) -> None:
    promised = """
        GET /v1/skus · GET /v1/skus/{sku} · POST /v1/quotes · POST /v1/orders · GET /v1/orders
        · GET /v1/orders/{order_no} · GET /v1/orders/{order_no}/timeline · POST /v1/orders/{order_no}/payments
        · POST /v1/webhooks/payments/{provider} · POST /v1/webhooks/logistics/{carrier}
        · POST /v1/orders/{order_no}/cancel · PATCH /v1/orders/{order_no}/receiver
        · POST /v1/orders/{order_no}/confirm-receipt · POST /v1/orders/{order_no}/reviews · POST /v1/addresses
        · POST /v1/parcels/{parcel_no}/events · GET /v1/order-types · PUT /v1/admin/skus/{sku}
        · GET /v1/admin/stock/{sku} · GET /healthz · GET /readyz
        · PUT /v1/admin/promotions/{code} · PUT /v1/admin/coupons/{template} · GET /v1/coupons · POST /v1/coupons
    """
    assert {call.strip() for call in promised.split("·")} <= {where for where, _ in operations(document)}


def test_parameters_in_paths_are_described(document: dict[str, Any]) -> None:
    for where, operation in operations(document):
        described = {item["name"] for item in operation.get("parameters", []) if item["in"] == "path"}
        named = {part[1:-1] for part in where.split("/") if part.startswith("{")}
        assert named == described, where


def test_every_schema_is_a_json_schema(document: dict[str, Any]) -> None:
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_every_example_fits_its_schema(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    tried = 0
    for name, schema in schemas.items():
        for example in schema.get("examples", []):
            whole = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
            jsonschema.Draft202012Validator(whole).validate(example)
            tried += 1
    assert tried >= 5


@pytest.mark.parametrize(
    "name",
    """
    QuoteRequest PaymentRequest ReviewRequest ParcelEvent SkuBody PromotionBody MemberBenefitBody CouponTemplateBody
    GrantRequest ClaimRequest MemberBody PointsBooking PointsPolicyBody RestorationsBody
    PurchaseLimitBody RiskRuleBody AccountEntryBody RiskDecisionRequest
    """.split(),
)
def test_what_people_send_has_an_example(document: dict[str, Any], name: str) -> None:
    assert document["components"]["schemas"][name]["examples"]


def test_problems_are_documented_as_problems_with_their_code(document: dict[str, Any]) -> None:
    seen = set()
    for where, operation in operations(document):
        for status, response in operation["responses"].items():
            example = response.get("content", {}).get("application/problem+json", {}).get("example")
            if example is not None:
                assert STATUS[example["code"]] == int(status) == example["status"], where
                seen.add(example["code"])
    assert seen >= {"unauthenticated", "forbidden", "not_found", "quote_invalid", "request_invalid"}


def test_every_operation_tells_what_stands_before_and_behind_it(document: dict[str, Any]) -> None:
    for where, operation in operations(document):
        if "/v1/" in where:
            behind = {"401", "429"} if operation.get("security") else set()
            before = {"400", "413", "422"} if "requestBody" in operation else set()
            assert behind | before | {"503"} <= operation["responses"].keys(), where
        refusals = {status: answer for status, answer in operation["responses"].items() if status >= "4"}
        for status, answer in refusals.items():
            if where != "GET /readyz":
                assert "application/problem+json" in answer["content"], f"{where}: {status}"
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_what_needs_a_caller_says_so(document: dict[str, Any]) -> None:
    anyone = (
        "/healthz",
        "/readyz",
        "/v1/skus",
        "/v1/order-types",
        "/v1/after-sales-table",
        "/v1/groups",
        "/v1/webhooks",
        "/sandbox",
    )
    for where, operation in operations(document):
        is_open = where.split(" ")[1].startswith(anyone)
        assert bool(operation.get("security")) != is_open, where
