"""groups of buyers"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "groups",
        sa.Column("group_code", sa.Text(), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("leader", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("expires_at > opened_at", name=op.f("ck_groups_expires_after_opening")),
        sa.CheckConstraint("size >= 2", name=op.f("ck_groups_size_at_least_two")),
        sa.ForeignKeyConstraint(["campaign"], ["campaigns.code"], name=op.f("fk_groups_campaign")),
        sa.PrimaryKeyConstraint("group_code", name=op.f("pk_groups")),
        sa.UniqueConstraint("group_code", "size", name=op.f("uq_groups_group_code_size")),
    )
    op.create_index(
        "ix_groups_expires_at_open",
        "groups",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('forming', 'full')"),
    )
    op.create_table(
        "group_seats",
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("group_code", sa.Text(), nullable=True),
        sa.Column("group_size", sa.Integer(), nullable=True),
        sa.Column("seat_no", sa.Integer(), nullable=True),
        sa.Column("account", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("seat_no BETWEEN 1 AND group_size", name=op.f("ck_group_seats_seat_within_size")),
        sa.CheckConstraint("state = 'left' OR group_code IS NOT NULL", name=op.f("ck_group_seats_living_has_group")),
        sa.CheckConstraint("state IN ('reserved', 'paid', 'left')", name=op.f("ck_group_seats_state_known")),
        sa.CheckConstraint(
            "num_nonnulls(group_code, group_size, seat_no, account, taken_at) IN (0, 5)",
            name=op.f("ck_group_seats_whole_or_tombstone"),
        ),
        sa.ForeignKeyConstraint(
            ["group_code", "group_size"],
            ["groups.group_code", "groups.size"],
            name=op.f("fk_group_seats_group_code_group_size"),
        ),
        sa.PrimaryKeyConstraint("order_no", name=op.f("pk_group_seats")),
    )
    op.create_index("ix_group_seats_group_code", "group_seats", ["group_code"], unique=False)
    for name, column in (("uq_group_seats_one_order", "seat_no"), ("uq_group_seats_one_account", "account")):
        op.create_index(
            name,
            "group_seats",
            ["group_code", column],
            unique=True,
            postgresql_where=sa.text("state <> 'left'"),
        )


def downgrade() -> None:

    op.drop_table("group_seats")
    op.drop_table("groups")
