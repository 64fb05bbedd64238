"""attachments and changes"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_UNUSED = sa.text("case_no IS NULL")


def upgrade() -> None:
    op.create_table(
        "attachments",
        sa.Column("attachment_id", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("case_no", sa.Text(), nullable=True),
        sa.Column("attached_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("size > 0", name=op.f("ck_attachments_size_positive")),
        sa.ForeignKeyConstraint(["case_no"], ["after_sales_cases.case_no"], name=op.f("fk_attachments_case_no")),
        sa.PrimaryKeyConstraint("attachment_id", name=op.f("pk_attachments")),
    )
    op.create_index(op.f("ix_attachments_case_no"), "attachments", ["case_no"], unique=False)
    op.create_index("ix_attachments_unused", "attachments", ["uploaded_at"], unique=False, postgresql_where=_UNUSED)
    op.create_index("ix_attachments_owner_unused", "attachments", ["owner"], unique=False, postgresql_where=_UNUSED)
    op.create_table(
        "attachment_contents",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_attachment_contents")),
    )
    op.create_table(
        "order_changes",
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_role", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("proposal_id", sa.Text(), nullable=True),
        sa.CheckConstraint("sequence > 0", name=op.f("ck_order_changes_sequence_positive")),
        sa.ForeignKeyConstraint(["order_no"], ["orders.order_no"], name=op.f("fk_order_changes_order_no")),
        sa.PrimaryKeyConstraint("order_no", "sequence", name=op.f("pk_order_changes")),
        sa.UniqueConstraint("proposal_id", name=op.f("uq_order_changes_proposal_id")),
    )
    op.create_table(
        "change_proposals",
        sa.Column("proposal_id", sa.Text(), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=False),
        sa.Column("priced", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["order_no"], ["orders.order_no"], name=op.f("fk_change_proposals_order_no")),
        sa.PrimaryKeyConstraint("proposal_id", name=op.f("pk_change_proposals")),
    )
    op.create_index(op.f("ix_change_proposals_order_no"), "change_proposals", ["order_no"], unique=False)
    op.add_column("submissions", sa.Column("delivery_note", sa.Text(), nullable=True))
    op.add_column(
        "submissions",
        sa.Column("asked", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
    )


def downgrade() -> None:
    op.drop_column("submissions", "asked")
    op.drop_column("submissions", "delivery_note")
    op.drop_index(op.f("ix_change_proposals_order_no"), table_name="change_proposals")
    op.drop_table("change_proposals")
    op.drop_table("order_changes")
    op.drop_table("attachment_contents")
    op.drop_index("ix_attachments_owner_unused", table_name="attachments", postgresql_where=_UNUSED)
    op.drop_index("ix_attachments_unused", table_name="attachments", postgresql_where=_UNUSED)
    op.drop_index(op.f("ix_attachments_case_no"), table_name="attachments")
    op.drop_table("attachments")
