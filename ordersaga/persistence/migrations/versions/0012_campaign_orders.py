"""the orders of a campaign"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_orders_campaign", "orders", ["campaign"], unique=False, postgresql_where=sa.text("campaign IS NOT NULL")
    )


def downgrade() -> None:
    op.drop_index("ix_orders_campaign", table_name="orders", postgresql_where=sa.text("campaign IS NOT NULL"))
