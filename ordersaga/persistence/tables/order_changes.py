"""What people changed of an order, what it was before, and what they accepted and is not done yet (R-REV-1)."""

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from ordersaga.persistence.tables.metadata import metadata

# A preview that was accepted: the price by which the order goes on if nothing has changed since. `based_on` is how
# often the order had been changed when it was made.
change_proposals = Table(
    "change_proposals",
    metadata,
    Column("proposal_id", Text, primary_key=True),
    Column("order_no", Text, ForeignKey("orders.order_no"), nullable=False, index=True),
    Column("based_on", Integer, nullable=False),
    Column("priced", JSONB, nullable=False),
    Column("accepted_at", DateTime(timezone=True), nullable=False),
)

# `sequence` counts an order's changes from 1. `proposal_id` names the preview that was accepted, so that it is applied
# once. `before` and `after` may be personal data.
order_changes = Table(
    "order_changes",
    metadata,
    Column("order_no", Text, ForeignKey("orders.order_no"), primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("actor_role", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("before", JSONB, nullable=False),
    Column("after", JSONB, nullable=False),
    Column("proposal_id", Text, unique=True),
    CheckConstraint("sequence > 0", name="sequence_positive"),
)
