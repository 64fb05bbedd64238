"""order types"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "campaigns",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("order_type", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("terms", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("stock_policy", sa.Text(), nullable=True),
        sa.Column("pooled", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_campaigns_ends_after_start")),
        sa.CheckConstraint("price > 0", name=op.f("ck_campaigns_price_positive")),
        sa.ForeignKeyConstraint(["sku"], ["skus.sku"], name=op.f("fk_campaigns_sku")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_campaigns")),
    )
    op.create_index("ix_campaigns_sku", "campaigns", ["sku", "order_type", "ends_at"], unique=False)
    op.drop_constraint(op.f("uq_notifications_order_no_kind"), "notifications", type_="unique")
    op.create_unique_constraint(
        op.f("uq_notifications_order_no_kind_recipient"), "notifications", ["order_no", "kind", "recipient"]
    )
    op.add_column(
        "order_lines", sa.Column("stock_policy", sa.Text(), server_default="deduct_at_submit", nullable=False)
    )
    op.add_column("orders", sa.Column("campaign", sa.Text(), nullable=True))
    op.add_column(
        "orders", sa.Column("sale", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True)
    )
    op.alter_column("orders", "receiver", existing_type=postgresql.JSONB(astext_type=sa.Text()), nullable=True)
    op.add_column("payments", sa.Column("instalment", sa.Text(), server_default="full", nullable=False))
    op.drop_index(
        op.f("uq_payments_one_capture"), table_name="payments", postgresql_where="(state = 'succeeded'::text)"
    )
    op.create_index(
        "uq_payments_one_capture",
        "payments",
        ["order_no", "instalment"],
        unique=True,
        postgresql_where=sa.text("state = 'succeeded'"),
    )
    op.add_column(
        "submissions",
        sa.Column("screening", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
    )
    op.alter_column("submissions", "receiver", existing_type=postgresql.JSONB(astext_type=sa.Text()), nullable=True)


def downgrade() -> None:

    op.alter_column("submissions", "receiver", existing_type=postgresql.JSONB(astext_type=sa.Text()), nullable=False)
    op.drop_column("submissions", "screening")
    op.drop_index("uq_payments_one_capture", table_name="payments", postgresql_where=sa.text("state = 'succeeded'"))
    op.create_index(
        op.f("uq_payments_one_capture"),
        "payments",
        ["order_no"],
        unique=True,
        postgresql_where="(state = 'succeeded'::text)",
    )
    op.drop_column("payments", "instalment")
    op.alter_column("orders", "receiver", existing_type=postgresql.JSONB(astext_type=sa.Text()), nullable=False)
    op.drop_column("orders", "sale")
    op.drop_column("orders", "campaign")
    op.drop_column("order_lines", "stock_policy")
    op.drop_constraint(op.f("uq_notifications_order_no_kind_recipient"), "notifications", type_="unique")
    op.create_unique_constraint(
        op.f("uq_notifications_order_no_kind"),
        "notifications",
        ["order_no", "kind"],
        postgresql_nulls_not_distinct=False,
    )
    op.drop_index("ix_campaigns_sku", table_name="campaigns")
    op.drop_table("campaigns")
