"""Promotions and member benefits: their versions, and what is spent and used of them (R-PRC-1)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, any_, bindparam, select, tuple_, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import DateTime, Text

from ordersaga.domain.errors import LimitBelowUse, RuleInvalid
from ordersaga.domain.pricing.documents import offer_from_document, offer_to_document
from ordersaga.domain.pricing.occasion import RunningOffer
from ordersaga.domain.pricing.offers import FIRST_VERSION, Offer, Period
from ordersaga.domain.pricing.source import Source
from ordersaga.persistence.rule_versions import RuleVersions
from ordersaga.persistence.tables.offers import offer_account_uses, offer_versions, offers

_VERSIONS = RuleVersions(offer_versions, write=offer_to_document, read=offer_from_document)
_NOBODY = ""

_at = bindparam("at", type_=DateTime(timezone=True))
# One row for each of an offer's periods that the account used it in; which of them counts is said in the rule.
_STANDING = (
    select(
        offers.c.code,
        offers.c.version,
        offer_versions.c.digest,
        offers.c.spent,
        offers.c.used,
        offer_account_uses.c.period,
        offer_account_uses.c.used.label("used_by_account"),
    )
    .join(offer_versions, (offer_versions.c.code == offers.c.code) & (offer_versions.c.version == offers.c.version))
    .outerjoin(
        offer_account_uses,
        (offer_account_uses.c.code == offers.c.code)
        & (offer_account_uses.c.account == bindparam("account", type_=Text))
        & (offer_account_uses.c.period == any_(bindparam("periods", type_=ARRAY(Text)))),
    )
    .order_by(offers.c.code)
)
_NAMED = _STANDING.where(offers.c.code == any_(bindparam("codes", type_=ARRAY(Text))))
_RUNNING = _STANDING.where(
    offers.c.enabled
    & (offers.c.starts_at.is_(None) | (offers.c.starts_at <= _at))
    & (offers.c.ends_at.is_(None) | (offers.c.ends_at > _at))
)


async def put(connection: AsyncConnection, offer: Offer, at: datetime) -> Offer:
    """Let an offer say this from now on: a new version, or the one that says it already.

    Raises `LimitBelowUse` when more is spent or used than it allows, `RuleInvalid` when its code is of another source.
    """
    if offer.source is Source.COUPON:
        raise RuleInvalid("source", "what coupons give is said in their templates")
    if await _begin(connection, offer, at):
        first = replace(offer, version=FIRST_VERSION)
        await _VERSIONS.add(connection, offer.code, first.version, first, at)
        return first
    await connection.execute(select(offers.c.code).where(offers.c.code == offer.code).with_for_update())
    (standing,) = await _read(connection, _NAMED, codes=[offer.code])
    if standing.offer.source is not offer.source:
        raise RuleInvalid("code", f"{offer.code} is a {standing.offer.source} already")
    if replace(offer, version=standing.offer.version) == standing.offer:
        return standing.offer
    _refuse_less_than_is_used(offer, standing)
    following = replace(offer, version=standing.offer.version + 1)
    await _VERSIONS.add(connection, offer.code, following.version, following, at)
    await connection.execute(update(offers).where(offers.c.code == offer.code).values(_columns(following, at)))
    return following


async def get(connection: AsyncConnection, code: str) -> RunningOffer | None:
    found = await _read(connection, _NAMED, codes=[code])
    return found[0] if found else None


async def page(connection: AsyncConnection, source: Source, *, after: str, limit: int) -> Sequence[RunningOffer]:
    query = _STANDING.where((offers.c.source == source) & (offers.c.code > after)).limit(limit)
    return await _read(connection, query)


async def running(connection: AsyncConnection, account: str, at: datetime) -> tuple[RunningOffer, ...]:
    """Every offer that is enabled and within its period, with what the account used of it in this period."""
    return await _read(connection, _RUNNING, account, _periods(at), at=at)


async def named(
    connection: AsyncConnection, codes: Collection[str], account: str, at: datetime
) -> tuple[RunningOffer, ...]:
    """The offers of these codes, whether they run or not, as they stand for the account."""
    return await _read(connection, _NAMED, account, _periods(at), codes=list(codes))


async def in_versions(
    connection: AsyncConnection, wanted: Collection[tuple[str, int]]
) -> Mapping[tuple[str, int], Offer]:
    """The rules as these versions of them say, by code and version."""
    query = select(offer_versions.c.code, offer_versions.c.version, offer_versions.c.digest)
    rows = (
        await connection.execute(query.where(tuple_(offer_versions.c.code, offer_versions.c.version).in_(list(wanted))))
    ).all()
    rules = await _VERSIONS.rules(connection, [(code, version, digest) for code, version, digest in rows])
    return {(row.code, row.version): rule for row, rule in zip(rows, rules, strict=True)}


def _periods(at: datetime) -> Mapping[Period, str]:
    return {period: period.key(at) for period in Period}


async def _read(
    connection: AsyncConnection,
    query: Select[Any],
    account: str = _NOBODY,
    periods: Mapping[Period, str] | None = None,
    **values: Any,
) -> tuple[RunningOffer, ...]:
    periods = periods or {}
    parameters = {"account": account, "periods": list(periods.values()), **values}
    rows = (await connection.execute(query, parameters)).all()
    rules = await _VERSIONS.rules(connection, [(code, version, digest) for code, version, digest, *_ in rows])
    found: dict[str, RunningOffer] = {}
    for (code, _, _, spent, used, period, used_by_account), offer in zip(rows, rules, strict=True):
        counts = period is not None and period == periods[offer.usage_period]
        if counts or code not in found:
            found[code] = RunningOffer(
                offer=offer, spent=spent, used=used, used_by_account=used_by_account if counts else 0
            )
    return tuple(found.values())


async def _begin(connection: AsyncConnection, offer: Offer, at: datetime) -> bool:
    """Whether the offer is new."""
    added = await connection.scalar(
        insert(offers)
        .values(code=offer.code, source=offer.source, **_columns(replace(offer, version=FIRST_VERSION), at))
        .on_conflict_do_nothing()
        .returning(offers.c.code)
    )
    return added is not None


def _columns(offer: Offer, at: datetime) -> dict[str, Any]:
    names = ("version", "enabled", "starts_at", "ends_at", "budget", "usage_limit")
    return {"updated_at": at} | {name: getattr(offer, name) for name in names}


def _refuse_less_than_is_used(offer: Offer, standing: RunningOffer) -> None:
    currency = standing.offer.currency
    if standing.spent and currency not in (None, offer.currency):
        message = f"{offer.code} has taken off {standing.spent} minor units of {currency}, and stays in that currency"
        raise LimitBelowUse(message, field="currency", used=standing.spent)
    for field, limit, already in (
        ("budget", offer.budget, standing.spent),
        ("usage_limit", offer.usage_limit, standing.used),
    ):
        if limit is not None and limit < already:
            raise LimitBelowUse(f"{field} of {offer.code} cannot be less than {already}", field=field, used=already)
