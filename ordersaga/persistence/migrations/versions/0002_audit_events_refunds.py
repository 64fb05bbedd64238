"""audit chains and checkpoints, events, webhooks, refunds"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_checkpoints",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("orders", sa.BigInteger(), nullable=False),
        sa.Column("transitions", sa.BigInteger(), nullable=False),
        sa.Column("heads", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("mac", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_checkpoints")),
    )
    op.create_table(
        "relays",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_relays")),
    )
    op.create_table(
        "webhook_endpoints",
        sa.Column("endpoint_id", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("event_types", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("endpoint_id", name=op.f("pk_webhook_endpoints")),
    )
    op.create_table(
        "events",
        sa.Column("event_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["order_no"], ["orders.order_no"], name=op.f("fk_events_order_no")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_events")),
        sa.UniqueConstraint("order_no", "sequence", name=op.f("uq_events_order_no_sequence")),
        sa.UniqueConstraint("position", name=op.f("uq_events_position")),
    )
    op.create_index(
        "ix_events_unpublished", "events", ["event_id"], unique=False, postgresql_where=sa.text("position IS NULL")
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("endpoint_id", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["webhook_endpoints.endpoint_id"], name=op.f("fk_webhook_deliveries_endpoint_id")
        ),
        sa.PrimaryKeyConstraint("endpoint_id", "position", name=op.f("pk_webhook_deliveries")),
    )
    op.create_index(
        "ix_webhook_deliveries_dead",
        "webhook_deliveries",
        ["endpoint_id", "position"],
        unique=False,
        postgresql_where=sa.text("state = 'dead'"),
    )
    op.create_index(
        "ix_webhook_deliveries_due",
        "webhook_deliveries",
        ["next_try_at"],
        unique=False,
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "ix_webhook_deliveries_pending",
        "webhook_deliveries",
        ["endpoint_id", "order_no", "position"],
        unique=False,
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_table(
        "refunds",
        sa.Column("refund_no", sa.Text(), nullable=False),
        sa.Column("source_document", sa.Text(), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("payment_id", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("provider_refund_id", sa.Text(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_refunds_amount_positive")),
        sa.ForeignKeyConstraint(["order_no"], ["orders.order_no"], name=op.f("fk_refunds_order_no")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.payment_id"], name=op.f("fk_refunds_payment_id")),
        sa.PrimaryKeyConstraint("refund_no", name=op.f("pk_refunds")),
        sa.UniqueConstraint("source_document", name=op.f("uq_refunds_source_document")),
    )
    op.create_index(op.f("ix_refunds_order_no"), "refunds", ["order_no"], unique=False)
    op.create_index(op.f("ix_refunds_payment_id"), "refunds", ["payment_id"], unique=False)
    op.create_index(
        "ix_refunds_unfinished",
        "refunds",
        ["requested_at"],
        unique=False,
        postgresql_where=sa.text("state <> 'succeeded'"),
    )
    op.add_column("payments", sa.Column("refunded", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("payments", sa.Column("next_inquiry_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("payments", sa.Column("inquiries", sa.Integer(), server_default="0", nullable=False))
    op.create_index(
        "ix_payments_next_inquiry_at",
        "payments",
        ["next_inquiry_at"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_check_constraint(
        op.f("ck_payments_refunded_within_received"),
        "payments",
        "refunded >= 0 AND refunded <= coalesce(received_amount, 0)",
    )
    # Rows from before the chain stay and have no seal: `verify-audit` says so of each of their orders.
    op.add_column("transitions", sa.Column("sequence", sa.Integer(), nullable=True))
    for name in ("key_id", "mac"):
        op.add_column("transitions", sa.Column(name, sa.Text(), nullable=False, server_default=""))
        op.alter_column("transitions", name, server_default=None)
    op.add_column("transitions", sa.Column("changes", postgresql.JSONB(), nullable=False, server_default="{}"))
    op.alter_column("transitions", "changes", server_default=None)
    op.execute("""
        UPDATE transitions SET sequence = numbered.sequence FROM (
            SELECT transition_id, row_number() OVER (PARTITION BY order_no ORDER BY at, transition_id) AS sequence
            FROM transitions
        ) AS numbered WHERE numbered.transition_id = transitions.transition_id
    """)
    op.alter_column("transitions", "sequence", nullable=False)
    op.drop_index(op.f("ix_transitions_order_no"), table_name="transitions")
    op.create_unique_constraint(op.f("uq_transitions_order_no_sequence"), "transitions", ["order_no", "sequence"])


def downgrade() -> None:
    op.drop_constraint(op.f("uq_transitions_order_no_sequence"), "transitions", type_="unique")
    op.create_index(op.f("ix_transitions_order_no"), "transitions", ["order_no", "transition_id"], unique=False)
    op.drop_column("transitions", "mac")
    op.drop_column("transitions", "key_id")
    op.drop_column("transitions", "changes")
    op.drop_column("transitions", "sequence")
    op.drop_index("ix_payments_next_inquiry_at", table_name="payments", postgresql_where=sa.text("state = 'open'"))
    op.drop_constraint(op.f("ck_payments_refunded_within_received"), "payments")
    op.drop_column("payments", "inquiries")
    op.drop_column("payments", "next_inquiry_at")
    op.drop_column("payments", "refunded")
    op.drop_index("ix_refunds_unfinished", table_name="refunds", postgresql_where=sa.text("state <> 'succeeded'"))
    op.drop_index(op.f("ix_refunds_payment_id"), table_name="refunds")
    op.drop_index(op.f("ix_refunds_order_no"), table_name="refunds")
    op.drop_table("refunds")
    op.drop_index(
        "ix_webhook_deliveries_pending", table_name="webhook_deliveries", postgresql_where=sa.text("state = 'pending'")
    )
    op.drop_index(
        "ix_webhook_deliveries_due", table_name="webhook_deliveries", postgresql_where=sa.text("state = 'pending'")
    )
    op.drop_index(
        "ix_webhook_deliveries_dead", table_name="webhook_deliveries", postgresql_where=sa.text("state = 'dead'")
    )
    op.drop_table("webhook_deliveries")
    op.drop_index("ix_events_unpublished", table_name="events", postgresql_where=sa.text("position IS NULL"))
    op.drop_table("events")
    op.drop_table("webhook_endpoints")
    op.drop_table("relays")
    op.drop_table("audit_checkpoints")
