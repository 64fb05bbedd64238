"""Groups of buyers and their seats (R-TYPE-5)."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from ordersaga.persistence.tables.metadata import metadata

groups = Table(
    "groups",
    metadata,
    Column("group_code", Text, primary_key=True),
    Column("campaign", Text, ForeignKey("campaigns.code"), nullable=False),
    Column("size", Integer, nullable=False),
    Column("leader", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("size >= 2", name="size_at_least_two"),
    CheckConstraint("expires_at > opened_at", name="expires_after_opening"),
    UniqueConstraint("group_code", "size"),
    Index("ix_groups_expires_at_open", "expires_at", postgresql_where=text("state IN ('forming', 'full')")),
)

_LIVING = text("state <> 'left'")

# One row per order from its first take or leave on: a leave that comes first is the tombstone of the take, and names no
# group. Seats are numbered from 1 to the group's size, and each number is taken once: there is no room for one more.
group_seats = Table(
    "group_seats",
    metadata,
    Column("order_no", Text, primary_key=True),
    Column("group_code", Text),
    Column("group_size", Integer),
    Column("seat_no", Integer),
    Column("account", Text),
    Column("state", Text, nullable=False),
    Column("taken_at", DateTime(timezone=True)),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("state IN ('reserved', 'paid', 'left')", name="state_known"),
    CheckConstraint(
        "num_nonnulls(group_code, group_size, seat_no, account, taken_at) IN (0, 5)", name="whole_or_tombstone"
    ),
    CheckConstraint("state = 'left' OR group_code IS NOT NULL", name="living_has_group"),
    CheckConstraint("seat_no BETWEEN 1 AND group_size", name="seat_within_size"),
    ForeignKeyConstraint(["group_code", "group_size"], ["groups.group_code", "groups.size"]),
    Index("ix_group_seats_group_code", "group_code"),
    Index("uq_group_seats_one_order", "group_code", "seat_no", unique=True, postgresql_where=_LIVING),
    Index("uq_group_seats_one_account", "group_code", "account", unique=True, postgresql_where=_LIVING),
)
