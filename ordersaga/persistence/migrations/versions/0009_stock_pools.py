"""stock of campaigns' own, and notifications of merchants"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("stock", "stock_movements", "stock_reservation_lines"):
        op.add_column(table, sa.Column("pool", sa.Text(), server_default="", nullable=False))
    op.drop_constraint(op.f("pk_stock"), "stock", type_="primary")
    op.create_primary_key(op.f("pk_stock"), "stock", ["sku", "warehouse_id", "pool"])
    op.add_column("notifications", sa.Column("recipient_role", sa.Text(), server_default="buyer", nullable=False))
    op.create_index("ix_stock_pool", "stock", ["pool"], unique=False, postgresql_where=sa.text("pool <> ''"))


def downgrade() -> None:
    op.drop_column("notifications", "recipient_role")
    op.drop_index("ix_stock_pool", table_name="stock", postgresql_where=sa.text("pool <> ''"))
    op.drop_constraint(op.f("pk_stock"), "stock", type_="primary")
    op.create_primary_key(op.f("pk_stock"), "stock", ["sku", "warehouse_id"])
    for table in ("stock_reservation_lines", "stock_movements", "stock"):
        op.drop_column(table, "pool")
