"""What points are worth, and what comes back when an order comes to nothing, for operators (R-PRC-1, R-REV-2)."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter

from api.access import Operator
from api.problems import not_found, responses
from api.schemas.points import PointsPolicyBody, policy_view
from api.schemas.restorations import RestorationsBody, RestorationsView, restorations_view
from api.schemas.values import Currency
from api.services import UsesServices
from ordersaga.domain.pricing.source import Source
from ordersaga.persistence import points, restorations

router = APIRouter(
    prefix="/v1/admin/policies",
    tags=["administration"],
    responses=responses("unauthenticated", "forbidden", "request_invalid"),
)

_ENTERED = responses("rule_invalid")


@router.put("/points/{currency}", response_model=PointsPolicyBody, responses=_ENTERED)
async def put_points_policy(
    services: UsesServices, _: Operator, currency: Currency, body: PointsPolicyBody
) -> PointsPolicyBody:
    async with services.database.transaction() as connection:
        await points.put_policy(connection, body.to_policy(currency), datetime.now(UTC))
    return body


@router.get("/points/{currency}", response_model=PointsPolicyBody, responses=responses("not_found"))
async def get_points_policy(services: UsesServices, _: Operator, currency: Currency) -> dict[str, Any]:
    async with services.database.transaction() as connection:
        policy = await points.policy(connection, currency)
    if policy is None:
        raise not_found()
    return policy_view(policy)


@router.put("/restoration/{source}", response_model=RestorationsView, responses=_ENTERED)
async def put_restoration(
    services: UsesServices, _: Operator, source: Source, body: RestorationsBody
) -> dict[str, Any]:
    """What is left out is as the shop has it by default. Orders that hold something keep what was promised then."""
    async with services.database.transaction() as connection:
        await restorations.put(connection, source, body.to_restorations(source), datetime.now(UTC))
        return restorations_view(source, (await restorations.all(connection))[source])


@router.get("/restoration/{source}", response_model=RestorationsView)
async def get_restoration(services: UsesServices, _: Operator, source: Source) -> dict[str, Any]:
    async with services.database.transaction() as connection:
        return restorations_view(source, (await restorations.all(connection))[source])
