"""Coupon templates and grants, for operators (R-PRC-1)."""

import secrets
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, status
from sqlalchemy.ext.asyncio import AsyncConnection

from api import paging
from api.access import IdempotencyKey, Operator
from api.idempotency import once
from api.offers import HERE, put_templates
from api.problems import not_found, responses
from api.schemas.coupons import (
    CouponTemplateBody,
    CouponTemplateView,
    GrantAnswer,
    GrantedCoupon,
    GrantRequest,
    template_view,
)
from api.schemas.values import Identifier, Page
from api.services import UsesServices
from ordersaga.persistence import coupons
from ordersaga.persistence.coupons import StoredTemplate

router = APIRouter(
    prefix="/v1/admin/coupons",
    tags=["administration"],
    responses=responses("unauthenticated", "forbidden", "request_invalid"),
)


@router.put(
    "/{template}",
    response_model=CouponTemplateView,
    response_model_exclude_none=True,
    responses=responses("rule_invalid", "reference_unknown", "limit_below_use"),
)
async def put_coupon_template(
    services: UsesServices, _: Operator, template: Identifier, body: CouponTemplateBody
) -> dict[str, Any]:
    """Create or change the terms of a coupon. Coupons keep the terms that they were granted with."""
    async with services.database.transaction() as connection:
        await put_templates(connection, [(HERE, body.to_template(template))], datetime.now(UTC))
        return _view(await _existing(connection, template))


@router.get("", response_model_exclude_none=True)
async def list_coupon_templates(
    services: UsesServices, _: Operator, limit: paging.Limit = 50, cursor: paging.Cursor = None
) -> Page[CouponTemplateView]:
    after = paging.decode(cursor, str)
    async with services.database.transaction() as connection:
        found = await coupons.page_of_templates(connection, after=after[0] if after else "", limit=limit)
    next_cursor = paging.encode([found[-1].template.offer.code]) if len(found) == limit else None
    return Page(items=[CouponTemplateView.model_validate(_view(stored)) for stored in found], next_cursor=next_cursor)


@router.get(
    "/{template}",
    response_model=CouponTemplateView,
    response_model_exclude_none=True,
    responses=responses("not_found"),
)
async def get_coupon_template(services: UsesServices, _: Operator, template: Identifier) -> dict[str, Any]:
    async with services.database.transaction() as connection:
        return _view(await _existing(connection, template))


@router.post(
    "/{template}/grants",
    status_code=status.HTTP_201_CREATED,
    response_model=GrantAnswer,
    responses=responses("not_found", "coupon_unavailable", "idempotency_key_reused"),
)
async def grant_coupons(
    services: UsesServices, caller: Operator, template: Identifier, body: GrantRequest, key: IdempotencyKey = None
) -> dict[str, Any]:
    """Give each account a coupon, or none of them any."""

    async def create(connection: AsyncConnection) -> dict[str, Any]:
        await _existing(connection, template)
        granted = await coupons.grant(
            connection,
            template,
            list(dict.fromkeys(body.accounts)),
            datetime.now(UTC),
            document=f"grant/{secrets.token_hex(8)}",
        )
        return {"coupons": [GrantedCoupon.model_validate(coupon).model_dump(mode="json") for coupon in granted]}

    asked = {"template": template, **body.model_dump()}
    async with services.database.transaction() as connection:
        return await once(connection, caller, "grant_coupons", key, asked, create)


async def _existing(connection: AsyncConnection, template: str) -> StoredTemplate:
    found = await coupons.get_template(connection, template)
    if found is None:
        raise not_found()
    return found


def _view(stored: StoredTemplate) -> dict[str, Any]:
    return template_view(stored.template, stored.issued)
