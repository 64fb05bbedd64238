"""a step of a run is known by its number and its action"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint("uq_transitions_order_no_step", "transitions", type_="unique")
    op.create_unique_constraint("uq_transitions_order_no_step_action", "transitions", ["order_no", "step", "action"])


def downgrade() -> None:
    op.drop_constraint("uq_transitions_order_no_step_action", "transitions", type_="unique")
    op.create_unique_constraint("uq_transitions_order_no_step", "transitions", ["order_no", "step"])
