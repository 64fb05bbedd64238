"""Coupon templates, and the coupons that accounts hold of them (R-PRC-1, S6)."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, any_, bindparam, func, literal, select, tuple_, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import DateTime, Text

from ordersaga.domain.errors import CouponUnavailable, LimitBelowUse, NotFound, RuleInvalid
from ordersaga.domain.pricing.coupons import USABLE, Coupon, CouponState, CouponTemplate
from ordersaga.domain.pricing.documents import template_from_document, template_to_document
from ordersaga.domain.pricing.offers import FIRST_VERSION
from ordersaga.persistence.rule_versions import RuleVersions
from ordersaga.persistence.tables.coupons import coupon_movements, coupon_template_versions, coupon_templates, coupons

VERSIONS = RuleVersions(coupon_template_versions, write=template_to_document, read=template_from_document)
COLUMNS: Sequence[ColumnElement[Any]] = (
    *(coupons.c[name] for name in "coupon_code template version account state valid_from valid_until order_no".split()),
    coupon_template_versions.c.digest,
)
"""What `read` makes coupons of."""
WITH_TERMS = coupons.join(coupon_template_versions)

_at = bindparam("at", type_=DateTime(timezone=True))
IN_WALLET = (coupons.c.account == bindparam("account", type_=Text)) & (
    (coupons.c.coupon_code == any_(bindparam("also", type_=ARRAY(Text))))
    | (
        (coupons.c.state == any_(literal(sorted(USABLE), ARRAY(Text))))
        & (coupons.c.valid_from <= _at)
        & (coupons.c.valid_until.is_(None) | (coupons.c.valid_until > _at))
    )
)
"""The coupons of `account` that may be used at `at`, and whatever is its own of those named in `also`."""
_COUPONS = select(*COLUMNS).select_from(WITH_TERMS)
_USABLE = _COUPONS.where(IN_WALLET).order_by(coupons.c.coupon_code)
_TEMPLATES: Select[Any] = (
    select(
        coupon_templates.c.template,
        coupon_templates.c.version,
        coupon_template_versions.c.digest,
        coupon_templates.c.issued,
    )
    .join(
        coupon_template_versions,
        (coupon_template_versions.c.template == coupon_templates.c.template)
        & (coupon_template_versions.c.version == coupon_templates.c.version),
    )
    .order_by(coupon_templates.c.template)
)


@dataclass(frozen=True, slots=True)
class StoredTemplate:
    """A template, and how many coupons there are of it."""

    template: CouponTemplate
    issued: int


async def put_template(connection: AsyncConnection, template: CouponTemplate, at: datetime) -> CouponTemplate:
    """Let a template say this from now on: a new version, or the one that says it already. Its code is the offer's.

    Coupons that were granted before keep their terms. Raises `LimitBelowUse` when more were issued than it allows,
    `RuleInvalid` when its claim code leads to another template.
    """
    first = _numbered(template, FIRST_VERSION)
    code = template.offer.code
    try:
        added = await connection.scalar(
            insert(coupon_templates)
            .values(template=code, **_columns(first, at))
            .on_conflict_do_nothing(index_elements=["template"])
            .returning(coupon_templates.c.template)
        )
        if added is not None:
            await VERSIONS.add(connection, code, FIRST_VERSION, first, at)
            return first
        await _lock(connection, coupon_templates.c.template == code)
        (standing,) = await _named(connection, code)
        version = standing.template.offer.version
        if _numbered(template, version) == standing.template:
            return standing.template
        if template.issue_limit is not None and template.issue_limit < standing.issued:
            raise LimitBelowUse(
                f"{standing.issued} coupons of {code} are issued", field="issue_limit", used=standing.issued
            )
        following = _numbered(template, version + 1)
        await VERSIONS.add(connection, code, version + 1, following, at)
        await connection.execute(
            update(coupon_templates).where(coupon_templates.c.template == code).values(_columns(following, at))
        )
    except IntegrityError as error:
        if "claim_code" not in str(error.orig):
            raise
        raise RuleInvalid("claim_code", "leads to another template already") from None
    return following


async def get_template(connection: AsyncConnection, template: str) -> StoredTemplate | None:
    return next(iter(await _named(connection, template)), None)


async def page_of_templates(connection: AsyncConnection, *, after: str, limit: int) -> Sequence[StoredTemplate]:
    rows = await connection.execute(_TEMPLATES.where(coupon_templates.c.template > after).limit(limit))
    return await _templates(connection, rows.all())


async def grant(
    connection: AsyncConnection, template: str, accounts: Sequence[str], at: datetime, *, document: str
) -> tuple[Coupon, ...]:
    """One coupon for each account, once per `document`: the same document again gives the same coupons.

    All or nothing. Raises `NotFound`, and `CouponUnavailable` with the reason `issue_limit_reached`,
    `account_limit_reached`, `template_disabled` or `template_over`.
    """
    await _lock(connection, coupon_templates.c.template == template)
    stored = await get_template(connection, template)
    if stored is None:
        raise NotFound("there is no such coupon template", template=template)
    codes = {account: _coupon_code(template, account, document) for account in accounts}
    before = await _coded(connection, list(codes.values()))
    if lacking := {account: code for account, code in codes.items() if code not in before}:
        await _issue(connection, stored, lacking, document, at)
    issued = before | await _coded(connection, list(lacking.values()))
    return tuple(issued[code] for code in codes.values())


async def claim(connection: AsyncConnection, claim_code: str, account: str, at: datetime) -> Coupon:
    """A coupon for whoever knows the code of its template.

    Raises `NotFound`, and `CouponUnavailable` with the reason `issue_limit_reached`, `account_limit_reached`,
    `template_disabled`, `template_over` or `claim_over`.
    """
    template = await _lock(connection, coupon_templates.c.claim_code == claim_code)
    stored = None if template is None else await get_template(connection, template)
    if template is None or stored is None:
        raise NotFound("there is nothing to claim with this code")
    if stored.template.claim_until is not None and stored.template.claim_until <= at:
        raise _unavailable(stored, "claim_over")
    held = (await _held(connection, template, [account])).get(account, 0)
    document = f"claim/{held + 1}"
    code = _coupon_code(template, account, document)
    await _issue(connection, stored, {account: code}, document, at)
    return (await _coded(connection, [code]))[code]


async def of_account(
    connection: AsyncConnection, account: str, *, after: tuple[datetime, str] | None, limit: int
) -> Sequence[Coupon]:
    """A page of an account's coupons, those that began last first; `after` are the `valid_from` and code of one."""
    place = tuple_(coupons.c.valid_from, coupons.c.coupon_code)
    query = _COUPONS.where(coupons.c.account == account)
    query = query.order_by(coupons.c.valid_from.desc(), coupons.c.coupon_code.desc()).limit(limit)
    rows = await connection.execute(query if after is None else query.where(place < after))
    return await read(connection, rows.all())


async def usable(connection: AsyncConnection, account: str, also: Sequence[str], at: datetime) -> tuple[Coupon, ...]:
    """The coupons that the account may use now, and whatever is its own of `also`."""
    rows = await connection.execute(_USABLE, {"account": account, "also": list(also), "at": at})
    return await read(connection, rows.all())


async def read(connection: AsyncConnection, rows: Sequence[Row[Any]]) -> tuple[Coupon, ...]:
    """Coupons of rows with `COLUMNS`, and the terms that they were granted with."""
    templates = await VERSIONS.rules(connection, [(row.template, row.version, row.digest) for row in rows])
    return tuple(
        Coupon(
            coupon_code=row.coupon_code,
            template=row.template,
            account=row.account,
            state=CouponState(row.state),
            valid_from=row.valid_from,
            valid_until=row.valid_until,
            offer=template.offer.granted_as(row.coupon_code),
            order_no=row.order_no,
        )
        for row, template in zip(rows, templates, strict=True)
    )


def _numbered(template: CouponTemplate, version: int) -> CouponTemplate:
    return replace(template, offer=replace(template.offer, version=version))


def _columns(template: CouponTemplate, at: datetime) -> dict[str, Any]:
    return {
        "version": template.offer.version,
        "enabled": template.offer.enabled,
        "claim_code": template.claim_code,
        "issue_limit": template.issue_limit,
        "updated_at": at,
    }


async def _lock(connection: AsyncConnection, condition: ColumnElement[bool]) -> str | None:
    """The name of a template that nobody else changes or issues coupons of until this transaction ends."""
    query = select(coupon_templates.c.template).where(condition).with_for_update()
    template: str | None = await connection.scalar(query)
    return template


async def _named(connection: AsyncConnection, template: str) -> list[StoredTemplate]:
    rows = await connection.execute(_TEMPLATES.where(coupon_templates.c.template == template))
    return await _templates(connection, rows.all())


async def _templates(connection: AsyncConnection, rows: Sequence[Row[Any]]) -> list[StoredTemplate]:
    templates = await VERSIONS.rules(connection, [(row.template, row.version, row.digest) for row in rows])
    return [StoredTemplate(template, row.issued) for row, template in zip(rows, templates, strict=True)]


def _coupon_code(template: str, account: str, document: str) -> str:
    """The code that a document always gives: 16 letters and digits, which say nothing to anybody."""
    digest = hashlib.sha256("\0".join((template, account, document)).encode()).digest()
    return base64.b32encode(digest[:10]).decode()


async def coded(connection: AsyncConnection, codes: Sequence[str]) -> Mapping[str, Coupon]:
    """Coupons by their codes, whoever has them and whatever became of them."""
    return await _coded(connection, codes)


async def _coded(connection: AsyncConnection, codes: Sequence[str]) -> dict[str, Coupon]:
    rows = await connection.execute(_COUPONS.where(coupons.c.coupon_code.in_(codes)))
    return {coupon.coupon_code: coupon for coupon in await read(connection, rows.all())}


async def _held(connection: AsyncConnection, template: str, accounts: Sequence[str]) -> dict[str, int]:
    """How many coupons of a template each account was ever given."""
    rows = await connection.execute(
        select(coupons.c.account, func.count().label("held"))
        .where((coupons.c.template == template) & coupons.c.account.in_(accounts))
        .group_by(coupons.c.account)
    )
    return {row.account: row.held for row in rows}


async def _issue(
    connection: AsyncConnection, stored: StoredTemplate, codes: Mapping[str, str], document: str, at: datetime
) -> None:
    """New coupons, by account, of a template that is locked."""
    template = stored.template
    name = template.offer.code
    begins, ends = template.validity(at)
    if not template.offer.enabled:
        raise _unavailable(stored, "template_disabled")
    if ends is not None and ends <= begins:
        raise _unavailable(stored, "template_over")
    if template.issue_limit is not None and stored.issued + len(codes) > template.issue_limit:
        raise _unavailable(stored, "issue_limit_reached")
    held = await _held(connection, name, list(codes))
    if any(held.get(account, 0) >= template.limit_per_account for account in codes):
        raise _unavailable(stored, "account_limit_reached")
    same = {"template": name, "version": template.offer.version, "state": CouponState.AVAILABLE}
    times = {"valid_from": begins, "valid_until": ends, "granted_at": at, "updated_at": at}
    await connection.execute(
        insert(coupons), [{"coupon_code": code, "account": account, **same, **times} for account, code in codes.items()]
    )
    step = {"from_state": None, "to_state": CouponState.AVAILABLE, "source_document": document, "at": at}
    await connection.execute(insert(coupon_movements), [{"coupon_code": code, **step} for code in codes.values()])
    await connection.execute(
        update(coupon_templates)
        .where(coupon_templates.c.template == name)
        .values(issued=coupon_templates.c.issued + len(codes))
    )


def _unavailable(stored: StoredTemplate, reason: str) -> CouponUnavailable:
    code = stored.template.offer.code
    return CouponUnavailable(f"there is no coupon of {code} to be had: {reason}", template=code, reason=reason)
