"""What a submit is screened by, in one statement: limits, rules, block-lists, and who ordered what before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, DateTime, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.pricing.quote import PricedOrder
from ordersaga.domain.pricing.scope import paths_of
from ordersaga.domain.purchase_limits import PurchaseLimit
from ordersaga.domain.risk import MOST_ORDERS, RiskRule, Trait
from ordersaga.domain.screening import Origin
from ordersaga.persistence.purchase_limits import limit_of
from ordersaga.persistence.risk_rules import rule_of

# An account's history is asked for only while a rule wants it. What is counted is counted no further than it matters.
_FINDINGS = text(f"""
    WITH rules AS (
        SELECT code, kind, parameters, verdict, enabled, CAST(parameters ->> 'orders' AS integer) AS most,
               CAST(:at AS timestamptz) - make_interval(secs => CAST(parameters ->> 'seconds' AS integer)) AS since
        FROM risk_rules WHERE enabled
    ), counted AS (
        SELECT rules.*, CASE parameters ->> 'subject'
            WHEN 'account' THEN (SELECT count(*) FROM (
                SELECT FROM orders WHERE buyer = :account AND placed_at > rules.since LIMIT rules.most) AS found)
            WHEN 'ip' THEN (SELECT count(*) FROM (
                SELECT FROM submissions WHERE ip = :ip AND placed AND received_at > rules.since
                LIMIT rules.most) AS found)
            WHEN 'device' THEN (SELECT count(*) FROM (
                SELECT FROM submissions WHERE device = :device AND placed AND received_at > rules.since
                LIMIT rules.most) AS found)
        END AS recent FROM rules
    )
    SELECT
        (SELECT jsonb_agg(to_jsonb(counted)) FROM counted) AS rules,
        (SELECT jsonb_agg(to_jsonb(purchase_limits)) FROM purchase_limits WHERE enabled
            AND (skus = '{{}}' OR skus && CAST(:skus AS text[]))
            AND (categories = '{{}}' OR categories && CAST(:categories AS text[]))
            AND (order_types = '{{}}' OR :order_type = ANY (order_types))
            AND (campaigns = '{{}}' OR :campaign = ANY (campaigns))) AS limits,
        (SELECT array_agg(DISTINCT block_lists.kind)
            FROM unnest(CAST(:kinds AS text[]), CAST(:pseudonyms AS text[])) AS wanted (kind, pseudonym)
            JOIN block_lists USING (kind, pseudonym) WHERE until IS NULL OR until > CAST(:at AS timestamptz)) AS listed,
        CASE WHEN EXISTS (SELECT FROM rules WHERE kind = 'new_account') THEN (
            SELECT min(placed_at) FROM orders WHERE buyer = :account
        ) END AS first_order_at,
        CASE WHEN EXISTS (SELECT FROM rules WHERE kind = 'new_account') THEN (
            SELECT count(*) FROM (
                SELECT FROM orders WHERE buyer = :account AND state = 'completed' LIMIT {MOST_ORDERS}
            ) AS found
        ) ELSE 0 END AS completed
""").columns(  # noqa: S608 - the number is a constant
    rules=JSONB, limits=JSONB, listed=ARRAY(Text), first_order_at=DateTime(timezone=True), completed=BigInteger
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """The limits that may be about an order, the rules, and the facts that they ask for, as `RiskFacts` has them."""

    limits: Sequence[PurchaseLimit]
    rules: Sequence[RiskRule]
    listed: frozenset[Trait]
    recent: Mapping[str, int]
    first_order_at: datetime | None
    completed: int


async def find(
    connection: AsyncConnection,
    order: PricedOrder,
    *,
    account: str,
    origin: Origin,
    pseudonyms: Mapping[Trait, Sequence[str]],
    at: datetime,
) -> Findings:
    """`pseudonyms` are those that each trait may stand on a block-list by."""
    listed_as = [(trait, name) for trait, names in pseudonyms.items() for name in names]
    values = {
        "account": account,
        "ip": origin.ip,
        "device": origin.device,
        "at": at,
        "skus": sorted({line.sku for line in order.lines}),
        "categories": sorted({path for line in order.lines for path in paths_of(line.category)}),
        "order_type": order.order_type,
        "campaign": order.campaign,
        "kinds": [trait for trait, _ in listed_as],
        "pseudonyms": [name for _, name in listed_as],
    }
    row = (await connection.execute(_FINDINGS, values)).one()
    rules: list[dict[str, Any]] = row.rules or []
    return Findings(
        limits=[limit_of(found) for found in row.limits or ()],
        rules=[rule_of(found) for found in rules],
        listed=frozenset(Trait(kind) for kind in row.listed or ()),
        recent={found["code"]: found["recent"] for found in rules if found["recent"] is not None},
        first_order_at=row.first_order_at,
        completed=row.completed,
    )
