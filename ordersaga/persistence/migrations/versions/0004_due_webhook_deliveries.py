"""due webhook deliveries are looked for by endpoint"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_PENDING = sa.text("state = 'pending'")


def upgrade() -> None:
    op.drop_index("ix_webhook_deliveries_due", table_name="webhook_deliveries", postgresql_where=_PENDING)
    op.create_index(
        "ix_webhook_deliveries_due", "webhook_deliveries", ["endpoint_id", "next_try_at"], postgresql_where=_PENDING
    )


def downgrade() -> None:
    op.drop_index("ix_webhook_deliveries_due", table_name="webhook_deliveries", postgresql_where=_PENDING)
    op.create_index("ix_webhook_deliveries_due", "webhook_deliveries", ["next_try_at"], postgresql_where=_PENDING)
