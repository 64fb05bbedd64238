"""reconciliation"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reconciliation_items",
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=True),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("expected", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("found", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("concerns_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'resolved', 'ignored', 'gone')", name=op.f("ck_reconciliation_items_state_known")
        ),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_reconciliation_items")),
        sa.UniqueConstraint("kind", "subject", name=op.f("uq_reconciliation_items_kind_subject")),
    )
    op.create_index(op.f("ix_reconciliation_items_order_no"), "reconciliation_items", ["order_no"])
    op.create_index("ix_reconciliation_items_first_seen", "reconciliation_items", ["first_seen", "item_id"])
    op.create_index(
        "ix_reconciliation_items_open", "reconciliation_items", ["kind"], postgresql_where=sa.text("state = 'open'")
    )
    op.create_table(
        "reconciliation_decisions",
        sa.Column("decision_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"], ["reconciliation_items.item_id"], name=op.f("fk_reconciliation_decisions_item_id")
        ),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_reconciliation_decisions")),
    )
    op.create_index(op.f("ix_reconciliation_decisions_item_id"), "reconciliation_decisions", ["item_id"])
    op.create_table(
        "reconciliation_checks",
        sa.Column("check_name", sa.Text(), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("check_name", name=op.f("pk_reconciliation_checks")),
    )
    op.create_index(
        op.f("ix_sandbox_payments_paid_at_payment_id"),
        "sandbox_payments",
        ["paid_at", "payment_id"],
        postgresql_where=sa.text("state = 'succeeded'"),
    )
    op.create_index(
        op.f("ix_sandbox_refunds_settles_at_refund_no"),
        "sandbox_refunds",
        ["settles_at", "refund_no"],
        postgresql_where=sa.text("failure IS NULL"),
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_sandbox_refunds_settles_at_refund_no"), table_name="sandbox_refunds")
    op.drop_index(op.f("ix_sandbox_payments_paid_at_payment_id"), table_name="sandbox_payments")
    op.drop_table("reconciliation_checks")
    op.drop_table("reconciliation_decisions")
    op.drop_table("reconciliation_items")
