"""purchase limits, risk rules and block-lists"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_WHO_IS_BLOCKED_IS_DENIED = """
    INSERT INTO risk_rules (code, kind, parameters, verdict, enabled, updated_at)
    VALUES ('block-lists', 'block_list', '{"lists": ["account", "address", "device", "ip"]}', 'deny', true, now())
"""


def upgrade() -> None:
    op.create_table(
        "purchase_limits",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("skus", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("categories", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("order_types", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("campaigns", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_purchase_limits_quantity_positive")),
        sa.CheckConstraint(
            "(period = 'rolling') = (seconds IS NOT NULL)", name=op.f("ck_purchase_limits_seconds_of_rolling")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_purchase_limits")),
    )
    op.create_table(
        "limit_holds",
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("undoing", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("order_no", name=op.f("pk_limit_holds")),
    )
    op.create_table(
        "limit_hold_items",
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("returned", sa.Boolean(), server_default="false", nullable=False),
        sa.CheckConstraint("units > 0", name=op.f("ck_limit_hold_items_units_positive")),
        sa.ForeignKeyConstraint(["code"], ["purchase_limits.code"], name=op.f("fk_limit_hold_items_code")),
        sa.ForeignKeyConstraint(["order_no"], ["limit_holds.order_no"], name=op.f("fk_limit_hold_items_order_no")),
        sa.PrimaryKeyConstraint("order_no", "code", name=op.f("pk_limit_hold_items")),
    )
    op.create_index("ix_limit_hold_items_code_subject_at", "limit_hold_items", ["code", "subject", "at"], unique=False)
    op.create_table(
        "risk_rules",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("parameters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_risk_rules")),
    )
    op.execute(_WHO_IS_BLOCKED_IS_DENIED)
    op.create_table(
        "block_lists",
        sa.Column("entry_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("pseudonym", sa.Text(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_block_lists")),
        sa.UniqueConstraint("kind", "pseudonym", name=op.f("uq_block_lists_kind_pseudonym")),
    )
    op.create_table(
        "risk_denials",
        sa.Column("denial_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("ip", sa.Text(), nullable=True),
        sa.Column("device", sa.Text(), nullable=True),
        sa.Column("reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("denial_id", name=op.f("pk_risk_denials")),
        sa.UniqueConstraint("order_no", name=op.f("uq_risk_denials_order_no")),
    )
    op.create_index("ix_risk_denials_account", "risk_denials", ["account"], unique=False)
    op.add_column("submissions", sa.Column("ip", sa.Text(), nullable=True))
    op.add_column("submissions", sa.Column("device", sa.Text(), nullable=True))
    op.create_index("ix_submissions_ip_received_at", "submissions", ["ip", "received_at"], unique=False)
    op.create_index("ix_submissions_device_received_at", "submissions", ["device", "received_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_submissions_device_received_at", table_name="submissions")
    op.drop_index("ix_submissions_ip_received_at", table_name="submissions")
    op.drop_column("submissions", "device")
    op.drop_column("submissions", "ip")
    for table in ("risk_denials", "block_lists", "risk_rules", "limit_hold_items", "limit_holds", "purchase_limits"):
        op.drop_table(table)
