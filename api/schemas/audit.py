"""The audit of an order, for operators."""

from datetime import datetime

from api.schemas.values import Response


class AuditRowView(Response):
    """One row of the chain. `changed` names the fields that changed with it; `mac` seals it and all rows before."""

    sequence: int
    at: datetime
    subject: str
    actor_role: str
    actor: str
    channel: str
    action: str
    from_state: str | None
    to_state: str
    reason: str
    changed: list[str]
    key_id: str
    mac: str


class AuditFinding(Response):
    """Something that the system did not do. `where` names the field, the row, or the audit row."""

    fault: str
    where: str
    message: str


class AuditView(Response):
    """An order's chain, and whether it and the order's records verify."""

    order_no: str
    verified: bool
    findings: list[AuditFinding]
    rows: list[AuditRowView]
