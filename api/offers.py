"""Entering offers: what they name has to be there, and what is wrong is named by its place in the caller's document."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from api.problems import Problem
from api.schemas.rules import within
from ordersaga.domain.catalogue import Sku
from ordersaga.domain.errors import RuleInvalid
from ordersaga.domain.pricing.coupons import CouponTemplate
from ordersaga.domain.pricing.effects import BundlePrice, Gift, PriceList
from ordersaga.domain.pricing.offers import Offer
from ordersaga.persistence import catalogue, coupons, offers

HERE = ""
"""The place of a document that is the whole body."""


async def put_offers(connection: AsyncConnection, entered: Sequence[tuple[str, Offer]], at: datetime) -> None:
    """Create or change promotions and member benefits, each with its place in the document."""
    await _require_references(connection, entered)
    for place, offer in sorted(entered, key=lambda entry: entry[1].code):
        with within(place):
            await offers.put(connection, offer, at)


async def put_templates(
    connection: AsyncConnection, entered: Sequence[tuple[str, CouponTemplate]], at: datetime
) -> None:
    """Create or change coupon templates, each with its place in the document."""
    await _require_references(connection, [(place, template.offer) for place, template in entered])
    for place, template in sorted(entered, key=lambda entry: entry[1].offer.code):
        with within(place):
            await coupons.put_template(connection, template, at)


async def _require_references(connection: AsyncConnection, entered: Sequence[tuple[str, Offer]]) -> None:
    """SKUs and merchants exist, and what is given or has a price here is sold in the offer's currency."""
    wanted = {name for _, offer in entered for _, names in _skus(offer) for name in names}
    sellers = {name for _, offer in entered for _, names in _merchants(offer) for name in names}
    known = (await catalogue.goods(connection, wanted)).skus if wanted else {}
    merchants = await catalogue.known_merchants(connection, sellers) if sellers else set()
    for place, offer in entered:
        for field, names in _skus(offer):
            _require(place, field, names - known.keys())
        for field, names in _merchants(offer):
            _require(place, field, names - merchants)
        with within(place):
            _check_currency(offer, [known[sku] for sku in sorted(_given(offer))])


def _require(place: str, field: str, unknown: frozenset[str]) -> None:
    if unknown:
        where = f"{place}.{field}" if place else field
        names = sorted(unknown)
        raise Problem("reference_unknown", f"{where}: there is no {', '.join(names)}", field=where, unknown=names)


def _skus(offer: Offer) -> Iterator[tuple[str, frozenset[str]]]:
    """The SKUs that an offer names, by field; those of its effect first, because they may be its scope too."""
    match offer.effect:
        case Gift(sku=sku):
            yield "effect.sku", frozenset({sku})
        case PriceList(prices=prices):
            yield "effect.prices", frozenset(prices)
        case BundlePrice(items=items):
            yield "effect.items", frozenset(items)
        case _:
            pass
    yield "scope.skus", offer.scope.skus
    yield "scope.excluded_skus", offer.scope.excluded_skus


def _merchants(offer: Offer) -> Iterator[tuple[str, frozenset[str]]]:
    yield "scope.merchants", offer.scope.merchants
    yield "scope.excluded_merchants", offer.scope.excluded_merchants


def _given(offer: Offer) -> frozenset[str]:
    """The SKUs that the effect itself gives or has prices for."""
    return frozenset(name for field, names in _skus(offer) if field.startswith("effect.") for name in names)


def _check_currency(offer: Offer, given: Sequence[Sku]) -> None:
    for sku in given:
        if offer.currency not in (None, sku.price.currency):
            field = {Gift: "effect.sku", PriceList: f"effect.prices.{sku.sku}"}.get(type(offer.effect), "effect.items")
            raise RuleInvalid(field, f"{sku.sku} is sold in {sku.price.currency}, the offer is in {offer.currency}")
