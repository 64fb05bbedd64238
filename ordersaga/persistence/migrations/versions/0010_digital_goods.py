"""codes and entitlements"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("skus", sa.Column("delivery", sa.Text(), server_default="codes", nullable=False))
    op.create_table(
        "digital_codes",
        sa.Column("code_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="available", nullable=False),
        sa.Column("order_no", sa.Text(), nullable=True),
        sa.Column("line_no", sa.Integer(), nullable=True),
        sa.Column("unit", sa.Integer(), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('available', 'held', 'sold')", name=op.f("ck_digital_codes_state")),
        sa.CheckConstraint(
            "num_nulls(order_no, line_no, unit) = CASE state WHEN 'available' THEN 3 ELSE 0 END",
            name=op.f("ck_digital_codes_of_one_unit"),
        ),
        sa.CheckConstraint("revealed_at IS NULL OR state = 'sold'", name=op.f("ck_digital_codes_revealed_only_sold")),
        sa.ForeignKeyConstraint(["sku"], ["skus.sku"], name=op.f("fk_digital_codes_sku")),
        sa.PrimaryKeyConstraint("code_id", name=op.f("pk_digital_codes")),
        sa.UniqueConstraint("digest", name=op.f("uq_digital_codes_digest")),
        sa.UniqueConstraint("order_no", "line_no", "unit", name=op.f("uq_digital_codes_order_no_line_no_unit")),
    )
    op.create_index(
        "ix_digital_codes_available",
        "digital_codes",
        ["sku", "code_id"],
        unique=False,
        postgresql_where=sa.text("state = 'available'"),
    )
    op.create_table(
        "digital_holds",
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("returns", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint(
            "state IN ('held', 'delivered', 'returning', 'released')", name=op.f("ck_digital_holds_state")
        ),
        sa.PrimaryKeyConstraint("order_no", name=op.f("pk_digital_holds")),
    )
    op.create_table(
        "entitlements",
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("unit", sa.Integer(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('promised', 'granted', 'revoked')", name=op.f("ck_entitlements_state")),
        sa.ForeignKeyConstraint(["order_no"], ["digital_holds.order_no"], name=op.f("fk_entitlements_order_no")),
        sa.PrimaryKeyConstraint("order_no", "line_no", "unit", name=op.f("pk_entitlements")),
    )
    op.create_table(
        "sandbox_entitlements",
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint(
            "state IN ('asked', 'granted', 'used', 'revoked', 'refused')",
            name=op.f("ck_sandbox_entitlements_state"),
        ),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_sandbox_entitlements")),
    )


def downgrade() -> None:
    op.drop_table("sandbox_entitlements")
    op.drop_table("entitlements")
    op.drop_table("digital_holds")
    op.drop_index("ix_digital_codes_available", table_name="digital_codes")
    op.drop_table("digital_codes")
    op.drop_column("skus", "delivery")
