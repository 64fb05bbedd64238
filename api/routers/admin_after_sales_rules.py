"""What comes back when goods do, for operators (R-REV-8)."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter

from api.access import Operator
from api.after_sales_rules import put_rules
from api.problems import responses
from api.schemas.after_sales_rules import AfterSalesRulesBody, AfterSalesRulesView, rules_view
from api.services import UsesServices
from ordersaga.persistence import after_sales_rules

router = APIRouter(
    prefix="/v1/admin/after-sales-rules",
    tags=["administration"],
    responses=responses("unauthenticated", "forbidden", "request_invalid"),
)


@router.put("", response_model=AfterSalesRulesView, responses=responses("reference_unknown"))
async def put_after_sales_rules(services: UsesServices, _: Operator, body: AfterSalesRulesBody) -> dict[str, Any]:
    """Orders that are placed from now on keep to these rules; the others to those that stood when they were placed."""
    rules = body.to_rules()
    async with services.database.transaction() as connection:
        return rules_view(await put_rules(connection, rules, datetime.now(UTC)), rules)


@router.get("", response_model=AfterSalesRulesView)
async def get_after_sales_rules(services: UsesServices, _: Operator) -> dict[str, Any]:
    async with services.database.transaction() as connection:
        return rules_view(*await after_sales_rules.newest_version(connection))
