"""refund arithmetic"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "earned_points",
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("paid", sa.BigInteger(), nullable=False),
        sa.Column("worth_points", sa.BigInteger(), nullable=False),
        sa.Column("worth_amount", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("points > 0 AND paid > 0", name=op.f("ck_earned_points_something_earned")),
        sa.ForeignKeyConstraint(["order_no"], ["orders.order_no"], name=op.f("fk_earned_points_order_no")),
        sa.PrimaryKeyConstraint("order_no", name=op.f("pk_earned_points")),
    )
    op.add_column("offer_hold_items", sa.Column("points_returned", sa.BigInteger(), server_default="0", nullable=False))
    op.create_check_constraint(
        op.f("ck_offer_hold_items_points_returned_within_points"),
        "offer_hold_items",
        "points_returned BETWEEN 0 AND points",
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_offer_hold_items_points_returned_within_points"), "offer_hold_items", type_="check")
    op.drop_column("offer_hold_items", "points_returned")
    op.drop_table("earned_points")
