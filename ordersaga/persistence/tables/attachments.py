"""Evidence that buyers show in a case (R-REV-4, R-REV-5): what it is, and, of one adapter, its bytes."""

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Index, Integer, LargeBinary, Table, Text, text

from ordersaga.persistence.tables.metadata import metadata

attachments = Table(
    "attachments",
    metadata,
    Column("attachment_id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("uploaded_at", DateTime(timezone=True), nullable=False),
    # The case that it was shown in; for ever, once it was.
    Column("case_no", Text, ForeignKey("after_sales_cases.case_no"), index=True),
    Column("attached_at", DateTime(timezone=True)),
    CheckConstraint("size > 0", name="size_positive"),
    Index("ix_attachments_unused", "uploaded_at", postgresql_where=text("case_no IS NULL")),
    Index("ix_attachments_owner_unused", "owner", postgresql_where=text("case_no IS NULL")),
)

# Where the adapter that keeps bytes in PostgreSQL keeps them; no other table knows of it.
attachment_contents = Table(
    "attachment_contents",
    metadata,
    Column("key", Text, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)
