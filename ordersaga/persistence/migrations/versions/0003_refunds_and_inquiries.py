"""refunds that are tried again, the sandbox's refunds, inquiries"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_UNFINISHED = "ix_refunds_unfinished"


def upgrade() -> None:
    op.add_column("refunds", sa.Column("tries", sa.Integer(), server_default="1", nullable=False))
    op.create_check_constraint(op.f("ck_refunds_tries_positive"), "refunds", "tries > 0")
    op.drop_index(_UNFINISHED, table_name="refunds")
    _index_unfinished("state NOT IN ('succeeded', 'settled')")
    op.create_index("ix_refunds_requested_at", "refunds", ["requested_at", "refund_no"], unique=False)
    op.create_table(
        "sandbox_refunds",
        sa.Column("refund_no", sa.Text(), nullable=False),
        sa.Column("payment_id", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settles_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("provider_refund_id", sa.Text(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_sandbox_refunds_amount_positive")),
        sa.PrimaryKeyConstraint("refund_no", name=op.f("pk_sandbox_refunds")),
        sa.UniqueConstraint("event_id", name=op.f("uq_sandbox_refunds_event_id")),
        sa.UniqueConstraint("provider_refund_id", name=op.f("uq_sandbox_refunds_provider_refund_id")),
    )
    op.create_index(op.f("ix_sandbox_refunds_payment_id"), "sandbox_refunds", ["payment_id"], unique=False)
    op.add_column("sandbox_payments", sa.Column("refunded", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("sandbox_payments", sa.Column("refund_wish", postgresql.JSONB(), nullable=True))
    op.create_check_constraint(
        op.f("ck_sandbox_payments_refunded_within_paid"),
        "sandbox_payments",
        "refunded BETWEEN 0 AND coalesce(paid_amount, 0)",
    )
    # What lies unexpected or open from earlier days is refunded and asked about like everything after it.
    op.execute("""
        INSERT INTO inbox (source, event_id, workflow_id, signal, subject, payload, received_at, next_try_at)
        SELECT 'refund', payment_id, 'refund/' || payment_id, 'refund_due', 'refund/' || payment_id, '{}', now(), now()
        FROM payments WHERE state = 'unexpected' AND received_amount > 0
        ON CONFLICT DO NOTHING
    """)
    op.execute("UPDATE payments SET next_inquiry_at = now() WHERE state = 'open' AND next_inquiry_at IS NULL")


def downgrade() -> None:
    op.drop_constraint(op.f("ck_sandbox_payments_refunded_within_paid"), "sandbox_payments")
    op.drop_column("sandbox_payments", "refund_wish")
    op.drop_column("sandbox_payments", "refunded")
    op.drop_index(op.f("ix_sandbox_refunds_payment_id"), table_name="sandbox_refunds")
    op.drop_table("sandbox_refunds")
    op.drop_index("ix_refunds_requested_at", table_name="refunds")
    op.drop_index(_UNFINISHED, table_name="refunds")
    _index_unfinished("state <> 'succeeded'")
    op.drop_constraint(op.f("ck_refunds_tries_positive"), "refunds")
    op.drop_column("refunds", "tries")


def _index_unfinished(condition: str) -> None:
    op.create_index(_UNFINISHED, "refunds", ["requested_at"], unique=False, postgresql_where=sa.text(condition))
