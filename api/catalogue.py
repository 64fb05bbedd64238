"""Loading a catalogue document: the same rules for the admin API, the catalogue file and tests."""

import hashlib
import secrets
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TypeVar

import yaml
from sqlalchemy.ext.asyncio import AsyncConnection

from api.after_sales_rules import put_rules
from api.campaigns import EnteredCampaign, put_campaigns
from api.offers import put_offers, put_templates
from api.problems import Problem
from api.purchase_limits import put_limits
from api.schemas.catalogue import Catalogue, CatalogueLoaded
from api.schemas.rules import within
from ordersaga.domain.pricing.coupons import CouponTemplate
from ordersaga.domain.pricing.offers import Offer
from ordersaga.domain.purchase_limits import PurchaseLimit
from ordersaga.persistence import catalogue, coupons, members, points, restorations, stocktaking
from ordersaga.persistence.database import Database

Body = TypeVar("Body")

_GIVEN_BY = "catalogue"
"""The document that points and coupons of the catalogue are booked by."""


async def load(connection: AsyncConnection, document: Catalogue, *, at: datetime, source: str) -> CatalogueLoaded:
    """Create or change everything in `document`, or nothing. `source` names it in the stock ledger."""
    await catalogue.put_merchants(connection, [body.to_merchant(body.merchant_id) for body in document.merchants])
    await catalogue.put_warehouses(connection, [body.to_warehouse(body.warehouse_id) for body in document.warehouses])
    await _require_references(connection, document)
    await catalogue.put_skus(connection, [body.to_sku(body.sku) for body in document.skus])
    aside = [campaign.sku for campaign in document.campaigns if campaign.stock is not None]
    if aside:
        await stocktaking.lock(connection, [*aside, *(body.sku for body in document.skus)])
    for body in sorted(document.skus, key=lambda body: body.sku):
        await stocktaking.adjust(connection, body.sku, body.stock, document=source, at=at)
    await _load_offers(connection, document, at)
    await _load_campaigns(connection, document, at, source)
    await _load_limits(connection, document, at)
    await _load_policies(connection, document, at)
    await _load_members(connection, document, at)
    return CatalogueLoaded(**{name: len(entries) for name, entries in document})


async def _load_offers(connection: AsyncConnection, document: Catalogue, at: datetime) -> None:
    offers: list[tuple[str, Offer]] = []
    for place, promotion in _placed("promotions", document.promotions):
        with within(place):
            offers.append((place, promotion.to_offer(promotion.code)))
    for place, benefit in _placed("member_benefits", document.member_benefits):
        with within(place):
            offers.append((place, benefit.to_offer(benefit.code)))
    await put_offers(connection, offers, at)
    templates: list[tuple[str, CouponTemplate]] = []
    for place, coupon in _placed("coupons", document.coupons):
        with within(place):
            templates.append((place, coupon.to_template(coupon.template)))
    await put_templates(connection, templates, at)


async def _load_campaigns(connection: AsyncConnection, document: Catalogue, at: datetime, source: str) -> None:
    entered: list[EnteredCampaign] = []
    for place, body in _placed("campaigns", document.campaigns):
        with within(place):
            entered.append(EnteredCampaign(place, body.to_campaign(body.code), body.stock))
    await put_campaigns(connection, entered, document=source, at=at)


async def _load_limits(connection: AsyncConnection, document: Catalogue, at: datetime) -> None:
    entered: list[tuple[str, PurchaseLimit]] = []
    for place, body in _placed("limits", document.limits):
        with within(place):
            entered.append((place, body.to_limit(body.code)))
    await put_limits(connection, entered, at)


async def _load_policies(connection: AsyncConnection, document: Catalogue, at: datetime) -> None:
    for place, policy in _placed("points_policies", document.points_policies):
        with within(place):
            await points.put_policy(connection, policy.to_policy(), at)
    for place, body in _placed("restorations", document.restorations):
        with within(place):
            await restorations.put(connection, body.source, body.to_restorations(body.source), at)
    for rules in document.after_sales_rules:
        await put_rules(connection, rules.to_rules(), at)


async def _load_members(connection: AsyncConnection, document: Catalogue, at: datetime) -> None:
    """What accounts are given here they are given once, however often the catalogue is loaded."""
    for member in sorted(document.members, key=lambda member: member.account):
        await members.put(connection, member.account, member.tier, at)
        if member.points:
            await points.grant(connection, member.account, member.points, document=_GIVEN_BY, at=at)
    for coupon in sorted(document.coupons, key=lambda coupon: coupon.template):
        if coupon.grants:
            await coupons.grant(connection, coupon.template, coupon.grants, at, document=_GIVEN_BY)


def _placed(section: str, bodies: Iterable[Body]) -> Iterator[tuple[str, Body]]:
    return ((f"{section}.{place}", body) for place, body in enumerate(bodies))


async def _require_references(connection: AsyncConnection, document: Catalogue) -> None:
    merchants = {body.merchant_id for body in document.skus}
    warehouses = {warehouse_id for body in document.skus for warehouse_id in body.stock}
    unknown = {
        "merchant_id": sorted(merchants - await catalogue.known_merchants(connection, merchants)),
        "stock": sorted(warehouses - await catalogue.known_warehouses(connection, warehouses)),
    }
    for field, names in unknown.items():
        if names:
            raise Problem("reference_unknown", f"{field}: there is no {', '.join(names)}", field=field, unknown=names)


async def load_file_once(
    database: Database, name: str, content: bytes, *, again: bool = False
) -> CatalogueLoaded | None:
    """Load a YAML or JSON catalogue; `None` when the same content was loaded before and `again` is not wanted.

    Raises `pydantic.ValidationError`, which names every field that is wrong, and what `load` raises.
    """
    digest = hashlib.sha256(content).hexdigest()
    document = Catalogue.model_validate(yaml.safe_load(content))
    async with database.transaction() as connection:
        if not await catalogue.note_file(connection, digest, name) and not again:
            return None
        return await load(connection, document, at=datetime.now(UTC), source=f"catalogue/{secrets.token_hex(8)}")
