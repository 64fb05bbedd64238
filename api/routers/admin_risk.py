"""The rules of risk control, and whom they denied, for operators (R-STK-4)."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query

from api import paging
from api.access import Operator
from api.problems import not_found, responses
from api.schemas.risk import DenialView, RiskRuleBody, RiskRuleView, rule_view
from api.schemas.values import STORABLE, Identifier, Page
from api.services import UsesServices
from ordersaga.persistence import risk_denials, risk_rules

router = APIRouter(
    prefix="/v1/admin",
    tags=["administration"],
    responses=responses("unauthenticated", "forbidden", "request_invalid"),
)


@router.put("/risk-rules/{code}", response_model=RiskRuleView, responses=responses("rule_invalid"))
async def put_risk_rule(services: UsesServices, _: Operator, code: Identifier, body: RiskRuleBody) -> dict[str, Any]:
    """Create or change a rule. Orders that were submitted keep their verdict."""
    rule = body.to_rule(code)
    async with services.database.transaction() as connection:
        await risk_rules.put(connection, rule, datetime.now(UTC))
    return rule_view(rule)


@router.get("/risk-rules")
async def list_risk_rules(
    services: UsesServices, _: Operator, limit: paging.Limit = 50, cursor: paging.Cursor = None
) -> Page[RiskRuleView]:
    after = paging.decode(cursor, str)
    async with services.database.transaction() as connection:
        found = await risk_rules.page(connection, after=after[0] if after else "", limit=limit)
    return Page(
        items=[RiskRuleView.model_validate(rule_view(rule)) for rule in found],
        next_cursor=paging.encode([found[-1].code]) if len(found) == limit else None,
    )


@router.get("/risk-rules/{code}", response_model=RiskRuleView, responses=responses("not_found"))
async def get_risk_rule(services: UsesServices, _: Operator, code: Identifier) -> dict[str, Any]:
    async with services.database.transaction() as connection:
        rule = await risk_rules.get(connection, code)
    if rule is None:
        raise not_found()
    return rule_view(rule)


@router.get("/risk-denials")
async def list_denials(
    services: UsesServices,
    _: Operator,
    account: Annotated[str | None, Query(max_length=200, pattern=STORABLE)] = None,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
) -> Page[DenialView]:
    """Submits that were denied, the newest first, with the rules that denied them. Their buyers are not told why."""
    before = paging.decode(cursor, int)
    async with services.database.transaction() as connection:
        found = await risk_denials.page(connection, account, before=before[0] if before else None, limit=limit)
    return Page(
        items=[DenialView.model_validate(denial) for denial in found],
        next_cursor=paging.encode([found[-1].denial_id]) if len(found) == limit else None,
    )
