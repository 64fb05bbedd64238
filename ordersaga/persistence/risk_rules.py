"""Reading and writing the rules of risk control (R-STK-4)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.risk import RiskRule, Verdict, condition_from_document, condition_to_document
from ordersaga.persistence.tables.risk import risk_rules


async def put(connection: AsyncConnection, rule: RiskRule, at: datetime) -> None:
    """Create or change a rule. Orders that it looked at keep their verdict."""
    values = {
        "code": rule.code,
        "kind": rule.condition.kind,
        "parameters": condition_to_document(rule.condition),
        "verdict": rule.verdict,
        "enabled": rule.enabled,
        "updated_at": at,
    }
    statement = insert(risk_rules).values(**values)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["code"], set_={name: statement.excluded[name] for name in values if name != "code"}
        )
    )


async def get(connection: AsyncConnection, code: str) -> RiskRule | None:
    row = (await connection.execute(select(risk_rules).where(risk_rules.c.code == code))).one_or_none()
    return None if row is None else rule_of(row._asdict())


async def page(connection: AsyncConnection, *, after: str, limit: int) -> Sequence[RiskRule]:
    query = select(risk_rules).where(risk_rules.c.code > after).order_by(risk_rules.c.code).limit(limit)
    return [rule_of(row._asdict()) for row in await connection.execute(query)]


def rule_of(row: Mapping[str, Any]) -> RiskRule:
    return RiskRule(
        code=row["code"],
        condition=condition_from_document(row["kind"], row["parameters"]),
        verdict=Verdict(row["verdict"]),
        enabled=row["enabled"],
    )
