"""first tables"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "addresses",
        sa.Column("address_id", sa.Text(), nullable=False),
        sa.Column("buyer", sa.Text(), nullable=False),
        sa.Column("address", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("address_id", name=op.f("pk_addresses")),
    )
    op.create_index(op.f("ix_addresses_buyer"), "addresses", ["buyer"], unique=False)
    op.create_table(
        "catalogue_files",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_catalogue_files")),
    )
    op.create_table(
        "idempotent_requests",
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("caller", "operation", "idempotency_key", name=op.f("pk_idempotent_requests")),
    )
    op.create_table(
        "inbox",
        sa.Column("report_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("workflow_id", sa.Text(), nullable=True),
        sa.Column("signal", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_inbox")),
        sa.UniqueConstraint("source", "event_id", name=op.f("uq_inbox_source_event_id")),
    )
    op.create_index(
        "ix_inbox_unapplied", "inbox", ["subject"], unique=False, postgresql_where=sa.text("applied_at IS NULL")
    )
    op.create_index(
        "ix_inbox_undelivered",
        "inbox",
        ["next_try_at"],
        unique=False,
        postgresql_where=sa.text("delivered_at IS NULL"),
    )
    op.create_table(
        "merchants",
        sa.Column("merchant_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("self_operated", sa.Boolean(), nullable=False),
        sa.Column("shipping", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("merchant_id", name=op.f("pk_merchants")),
    )
    op.create_table(
        "orders",
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("order_type", sa.Text(), nullable=False),
        sa.Column("buyer", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("table_version", sa.Integer(), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("shipping_option", sa.Text(), nullable=False),
        sa.Column("goods", sa.BigInteger(), nullable=False),
        sa.Column("discount", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("shipping", sa.BigInteger(), nullable=False),
        sa.Column("tax", sa.BigInteger(), nullable=False),
        sa.Column("payable", sa.BigInteger(), nullable=False),
        sa.Column("due_now", sa.BigInteger(), nullable=False),
        sa.Column("receiver", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("payment_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("payable >= 0", name=op.f("ck_orders_payable_not_negative")),
        sa.PrimaryKeyConstraint("order_no", name=op.f("pk_orders")),
    )
    op.create_index("ix_orders_buyer_placed_at", "orders", ["buyer", "placed_at", "order_no"], unique=False)
    op.create_index("ix_orders_placed_at", "orders", ["placed_at", "order_no"], unique=False)
    op.create_table(
        "policies",
        sa.Column("order_type", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("order_type", "version", name=op.f("pk_policies")),
    )
    op.create_table(
        "sandbox_callbacks",
        sa.Column("callback_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("payment_id", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("given_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("callback_id", name=op.f("pk_sandbox_callbacks")),
    )
    op.create_index(
        op.f("ix_sandbox_callbacks_due_at"),
        "sandbox_callbacks",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("delivered_at IS NULL AND given_up_at IS NULL"),
    )
    op.create_table(
        "sandbox_payments",
        sa.Column("payment_id", sa.Text(), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("callback_url", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("provider_transaction_id", sa.Text(), nullable=True),
        sa.Column("paid_amount", sa.BigInteger(), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "num_nulls(event_id, decided_at) = CASE state WHEN 'open' THEN 2 ELSE 0 END",
            name=op.f("ck_sandbox_payments_decided"),
        ),
        sa.CheckConstraint(
            "num_nulls(provider_transaction_id, paid_amount, paid_at) = CASE state WHEN 'succeeded' THEN 0 ELSE 3 END",
            name=op.f("ck_sandbox_payments_paid"),
        ),
        sa.CheckConstraint(
            "state IN ('open', 'succeeded', 'failed', 'closed')", name=op.f("ck_sandbox_payments_state")
        ),
        sa.PrimaryKeyConstraint("payment_id", name=op.f("pk_sandbox_payments")),
        sa.UniqueConstraint("event_id", name=op.f("uq_sandbox_payments_event_id")),
        sa.UniqueConstraint("provider_transaction_id", name=op.f("uq_sandbox_payments_provider_transaction_id")),
    )
    op.create_index(op.f("ix_sandbox_payments_created_at"), "sandbox_payments", ["created_at"], unique=False)
    op.create_table(
        "stock_movements",
        sa.Column("movement_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("warehouse_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source_document", sa.Text(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("on_hand", sa.BigInteger(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("movement_id", name=op.f("pk_stock_movements")),
        sa.UniqueConstraint(
            "source_document",
            "line_no",
            "warehouse_id",
            "kind",
            name=op.f("uq_stock_movements_source_document_line_no_warehouse_id_kind"),
        ),
    )
    op.create_index(op.f("ix_stock_movements_sku"), "stock_movements", ["sku"], unique=False)
    op.create_table(
        "stock_reservations",
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("order_no", name=op.f("pk_stock_reservations")),
    )
    op.create_table(
        "submissions",
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("quote_id", sa.Text(), nullable=False),
        sa.Column("buyer", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.Text(), nullable=False),
        sa.Column("priced", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("receiver", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("placed", sa.Boolean(), nullable=True),
        sa.Column("refusal", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("order_no", name=op.f("pk_submissions")),
        sa.UniqueConstraint("buyer", "idempotency_key", name=op.f("uq_submissions_buyer_idempotency_key")),
        sa.UniqueConstraint("quote_id", name=op.f("uq_submissions_quote_id")),
    )
    op.create_table(
        "warehouses",
        sa.Column("warehouse_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("city", sa.Text(), nullable=False),
        sa.Column("postal_code", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("warehouse_id", name=op.f("pk_warehouses")),
    )
    op.create_table(
        "notes",
        sa.Column("note_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["order_no"], ["orders.order_no"], name=op.f("fk_notes_order_no")),
        sa.PrimaryKeyConstraint("note_id", name=op.f("pk_notes")),
    )
    op.create_index(op.f("ix_notes_order_no"), "notes", ["order_no"], unique=False)
    op.create_table(
        "notifications",
        sa.Column("notification_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["order_no"], ["orders.order_no"], name=op.f("fk_notifications_order_no")),
        sa.PrimaryKeyConstraint("notification_id", name=op.f("pk_notifications")),
        sa.UniqueConstraint("order_no", "kind", name=op.f("uq_notifications_order_no_kind")),
    )
    op.create_index("ix_notifications_recipient", "notifications", ["recipient", "notification_id"], unique=False)
    op.create_table(
        "order_lines",
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("attributes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("merchant_id", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("discounts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("payable", sa.BigInteger(), nullable=False),
        sa.Column("shipping", sa.BigInteger(), nullable=False),
        sa.Column("weight_g", sa.Integer(), nullable=False),
        sa.Column("volume_mm3", sa.BigInteger(), nullable=False),
        sa.Column("transport_class", sa.Text(), nullable=False),
        sa.CheckConstraint("payable >= 0 AND payable <= amount", name=op.f("ck_order_lines_payable_within_amount")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_order_lines_quantity_positive")),
        sa.ForeignKeyConstraint(["order_no"], ["orders.order_no"], name=op.f("fk_order_lines_order_no")),
        sa.PrimaryKeyConstraint("order_no", "line_no", name=op.f("pk_order_lines")),
    )
    op.create_index(op.f("ix_order_lines_merchant_id"), "order_lines", ["merchant_id"], unique=False)
    op.create_table(
        "parcels",
        sa.Column("parcel_no", sa.Text(), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("merchant_id", sa.Text(), nullable=False),
        sa.Column("warehouse_id", sa.Text(), nullable=False),
        sa.Column("transport_class", sa.Text(), nullable=False),
        sa.Column("weight_g", sa.BigInteger(), nullable=False),
        sa.Column("volume_mm3", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["order_no"], ["orders.order_no"], name=op.f("fk_parcels_order_no")),
        sa.PrimaryKeyConstraint("parcel_no", name=op.f("pk_parcels")),
        sa.UniqueConstraint("order_no", "sequence", name=op.f("uq_parcels_order_no_sequence")),
    )
    op.create_index("ix_parcels_state", "parcels", ["state", "parcel_no"], unique=False)
    op.create_table(
        "payments",
        sa.Column("payment_id", sa.Text(), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("cashier_url", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("provider_transaction_id", sa.Text(), nullable=True),
        sa.Column("received_amount", sa.BigInteger(), nullable=True),
        sa.Column("received_currency", sa.String(length=3), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payments_amount_positive")),
        sa.ForeignKeyConstraint(["order_no"], ["orders.order_no"], name=op.f("fk_payments_order_no")),
        sa.PrimaryKeyConstraint("payment_id", name=op.f("pk_payments")),
    )
    op.create_index(op.f("ix_payments_order_no"), "payments", ["order_no"], unique=False)
    op.create_index(
        "uq_payments_one_capture",
        "payments",
        ["order_no"],
        unique=True,
        postgresql_where=sa.text("state = 'succeeded'"),
    )
    op.create_table(
        "reviews",
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name=op.f("ck_reviews_rating_in_range")),
        sa.ForeignKeyConstraint(["order_no"], ["orders.order_no"], name=op.f("fk_reviews_order_no")),
        sa.PrimaryKeyConstraint("order_no", "line_no", name=op.f("pk_reviews")),
    )
    op.create_table(
        "skus",
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("attributes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("merchant_id", sa.Text(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("shipping_fee", sa.BigInteger(), nullable=True),
        sa.Column("weight_g", sa.Integer(), nullable=False),
        sa.Column("length_mm", sa.Integer(), nullable=False),
        sa.Column("width_mm", sa.Integer(), nullable=False),
        sa.Column("height_mm", sa.Integer(), nullable=False),
        sa.Column("transport_class", sa.Text(), nullable=False),
        sa.Column("order_type", sa.Text(), nullable=False),
        sa.Column("stock_policy", sa.Text(), nullable=False),
        sa.CheckConstraint("price >= 0", name=op.f("ck_skus_price_not_negative")),
        sa.CheckConstraint("shipping_fee >= 0", name=op.f("ck_skus_shipping_fee_not_negative")),
        sa.ForeignKeyConstraint(["merchant_id"], ["merchants.merchant_id"], name=op.f("fk_skus_merchant_id")),
        sa.PrimaryKeyConstraint("sku", name=op.f("pk_skus")),
    )
    op.create_table(
        "stock_reservation_lines",
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("warehouse_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_no"], ["stock_reservations.order_no"], name=op.f("fk_stock_reservation_lines_order_no")
        ),
        sa.PrimaryKeyConstraint("order_no", "line_no", "warehouse_id", name=op.f("pk_stock_reservation_lines")),
    )
    op.create_table(
        "transitions",
        sa.Column("transition_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("parcel_no", sa.Text(), nullable=True),
        sa.Column("step", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_role", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=True),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["order_no"], ["orders.order_no"], name=op.f("fk_transitions_order_no")),
        sa.PrimaryKeyConstraint("transition_id", name=op.f("pk_transitions")),
        sa.UniqueConstraint("order_no", "step", name=op.f("uq_transitions_order_no_step")),
    )
    op.create_index("ix_transitions_order_no", "transitions", ["order_no", "transition_id"], unique=False)
    op.create_table(
        "parcel_lines",
        sa.Column("parcel_no", sa.Text(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("payable", sa.BigInteger(), nullable=False),
        sa.Column("shipping", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["parcel_no"], ["parcels.parcel_no"], name=op.f("fk_parcel_lines_parcel_no")),
        sa.PrimaryKeyConstraint("parcel_no", "line_no", name=op.f("pk_parcel_lines")),
    )
    op.create_table(
        "stock",
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("warehouse_id", sa.Text(), nullable=False),
        sa.Column("on_hand", sa.BigInteger(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("on_hand >= reserved", name=op.f("ck_stock_never_oversold")),
        sa.CheckConstraint("reserved >= 0", name=op.f("ck_stock_reserved_not_negative")),
        sa.ForeignKeyConstraint(["sku"], ["skus.sku"], name=op.f("fk_stock_sku")),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouses.warehouse_id"], name=op.f("fk_stock_warehouse_id")),
        sa.PrimaryKeyConstraint("sku", "warehouse_id", name=op.f("pk_stock")),
    )


def downgrade() -> None:
    op.drop_table("stock")
    op.drop_table("parcel_lines")
    op.drop_index("ix_transitions_order_no", table_name="transitions")
    op.drop_table("transitions")
    op.drop_table("stock_reservation_lines")
    op.drop_table("skus")
    op.drop_table("reviews")
    op.drop_index("uq_payments_one_capture", table_name="payments", postgresql_where=sa.text("state = 'succeeded'"))
    op.drop_index(op.f("ix_payments_order_no"), table_name="payments")
    op.drop_table("payments")
    op.drop_index("ix_parcels_state", table_name="parcels")
    op.drop_table("parcels")
    op.drop_index(op.f("ix_order_lines_merchant_id"), table_name="order_lines")
    op.drop_table("order_lines")
    op.drop_index("ix_notifications_recipient", table_name="notifications")
    op.drop_table("notifications")
    op.drop_index(op.f("ix_notes_order_no"), table_name="notes")
    op.drop_table("notes")
    op.drop_table("warehouses")
    op.drop_table("submissions")
    op.drop_table("stock_reservations")
    op.drop_index(op.f("ix_stock_movements_sku"), table_name="stock_movements")
    op.drop_table("stock_movements")
    op.drop_index(op.f("ix_sandbox_payments_created_at"), table_name="sandbox_payments")
    op.drop_table("sandbox_payments")
    op.drop_index(
        op.f("ix_sandbox_callbacks_due_at"),
        table_name="sandbox_callbacks",
        postgresql_where=sa.text("delivered_at IS NULL AND given_up_at IS NULL"),
    )
    op.drop_table("sandbox_callbacks")
    op.drop_table("policies")
    op.drop_index("ix_orders_placed_at", table_name="orders")
    op.drop_index("ix_orders_buyer_placed_at", table_name="orders")
    op.drop_table("orders")
    op.drop_table("merchants")
    op.drop_index("ix_inbox_undelivered", table_name="inbox", postgresql_where=sa.text("delivered_at IS NULL"))
    op.drop_index("ix_inbox_unapplied", table_name="inbox", postgresql_where=sa.text("applied_at IS NULL"))
    op.drop_table("inbox")
    op.drop_table("idempotent_requests")
    op.drop_table("catalogue_files")
    op.drop_index(op.f("ix_addresses_buyer"), table_name="addresses")
    op.drop_table("addresses")
