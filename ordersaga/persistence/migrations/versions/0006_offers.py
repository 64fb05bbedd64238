"""offers, coupons, points and allocations"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Orders of earlier days were priced without offers: their fee is all that there is to allocate.
_UNITS = """
    CASE WHEN {line}.shipping % {line}.quantity = 0
    THEN jsonb_build_array(jsonb_build_array({line}.quantity, {line}.shipping / {line}.quantity))
    ELSE jsonb_build_array(
        jsonb_build_array({line}.shipping % {line}.quantity, {line}.shipping / {line}.quantity + 1),
        jsonb_build_array({line}.quantity - {line}.shipping % {line}.quantity, {line}.shipping / {line}.quantity)
    ) END
"""
_FEE = f"""
    CASE WHEN {{line}}.shipping = 0 THEN '[]'::jsonb ELSE jsonb_build_array(jsonb_build_object(
        'kind', 'shipping_fee', 'source', 'shipping', 'code', {{code}}, 'name', '', 'version', 1, 'funded_by', NULL,
        'amount', {{line}}.shipping, 'units', {_UNITS}
    )) END
"""
_ALLOCATE_FEES = f"""
    UPDATE order_lines SET allocations = {_FEE.format(line="order_lines", code="orders.shipping_option")}
    FROM orders WHERE orders.order_no = order_lines.order_no
"""  # noqa: S608 - names of our own
_REWRITE_SUBMISSIONS = f"""
    UPDATE submissions SET priced = priced || jsonb_build_object(
        'holds', '[]'::jsonb,
        'totals', priced->'totals' || '{{"shipping_discount": 0}}',
        'lines', (
            SELECT jsonb_agg(
                document - 'discounts' || jsonb_build_object(
                    'category', '', 'gift', false, 'points', 0,
                    'allocations', {_FEE.format(line="line", code="priced->>'shipping_option'")}
                ) ORDER BY place
            )
            FROM jsonb_array_elements(priced->'lines') WITH ORDINALITY AS lines (document, place)
            CROSS JOIN LATERAL jsonb_to_record(document) AS line (quantity int, shipping bigint)
        )
    )
"""  # noqa: S608 - the same
_REWRITE_ANSWERS = """
    UPDATE submissions SET answer = answer || jsonb_build_object(
        'totals', answer->'totals' || jsonb_build_object('shipping_discount', nothing),
        'lines', (
            SELECT jsonb_agg(
                document || '{"category": "", "gift": false, "shipping_discounts": []}'
                || jsonb_build_object('points', nothing) ORDER BY place
            )
            FROM jsonb_array_elements(answer->'lines') WITH ORDINALITY AS lines (document, place)
        )
    )
    FROM (SELECT order_no, jsonb_build_object('amount', 0, 'currency', priced->'currency') FROM submissions)
         AS amounts (order_no, nothing)
    WHERE submissions.order_no = amounts.order_no AND answer IS NOT NULL
"""


def upgrade() -> None:
    op.create_table(
        "coupon_templates",
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("claim_code", sa.Text(), nullable=True),
        sa.Column("issue_limit", sa.BigInteger(), nullable=True),
        sa.Column("issued", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "issued >= 0 AND (issue_limit IS NULL OR issued <= issue_limit)",
            name=op.f("ck_coupon_templates_within_issue_limit"),
        ),
        sa.PrimaryKeyConstraint("template", name=op.f("pk_coupon_templates")),
        sa.UniqueConstraint("claim_code", name=op.f("uq_coupon_templates_claim_code")),
    )
    op.create_table(
        "members",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_members")),
    )
    op.create_table(
        "offer_holds",
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("order_no", name=op.f("pk_offer_holds")),
    )
    op.create_table(
        "offers",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("budget", sa.BigInteger(), nullable=True),
        sa.Column("usage_limit", sa.BigInteger(), nullable=True),
        sa.Column("spent", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("used", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("spent >= 0 AND (budget IS NULL OR spent <= budget)", name=op.f("ck_offers_within_budget")),
        sa.CheckConstraint(
            "used >= 0 AND (usage_limit IS NULL OR used <= usage_limit)", name=op.f("ck_offers_within_usage_limit")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_offers")),
    )
    op.create_index("ix_offers_enabled_ends_at", "offers", ["enabled", "ends_at"], unique=False)
    op.create_table(
        "point_accounts",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("locked", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("balance >= locked", name=op.f("ck_point_accounts_never_overspent")),
        sa.CheckConstraint("locked >= 0", name=op.f("ck_point_accounts_locked_not_negative")),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_point_accounts")),
    )
    op.create_table(
        "point_movements",
        sa.Column("movement_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source_document", sa.Text(), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("locked", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("booked_by", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("movement_id", name=op.f("pk_point_movements")),
        sa.UniqueConstraint(
            "account", "source_document", "kind", name=op.f("uq_point_movements_account_source_document_kind")
        ),
    )
    op.create_index("ix_point_movements_account", "point_movements", ["account", "movement_id"], unique=False)
    op.create_table(
        "points_policies",
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("currency", name=op.f("pk_points_policies")),
    )
    op.create_table(
        "restorations",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_restorations")),
    )
    op.create_table(
        "coupon_template_versions",
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["template"],
            ["coupon_templates.template"],
            name=op.f("fk_coupon_template_versions_template"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("template", "version", name=op.f("pk_coupon_template_versions")),
    )
    op.create_table(
        "offer_account_uses",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.CheckConstraint("used >= 0", name=op.f("ck_offer_account_uses_used_not_negative")),
        sa.ForeignKeyConstraint(["code"], ["offers.code"], name=op.f("fk_offer_account_uses_code")),
        sa.PrimaryKeyConstraint("code", "account", "period", name=op.f("pk_offer_account_uses")),
    )
    op.create_table(
        "offer_hold_items",
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("returned", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("restorations", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["order_no"], ["offer_holds.order_no"], name=op.f("fk_offer_hold_items_order_no")),
        sa.PrimaryKeyConstraint("order_no", "source", "code", name=op.f("pk_offer_hold_items")),
    )
    op.create_index("ix_offer_hold_items_code", "offer_hold_items", ["code"], unique=False)
    op.create_table(
        "offer_versions",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["code"], ["offers.code"], name=op.f("fk_offer_versions_code"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("code", "version", name=op.f("pk_offer_versions")),
    )
    op.create_table(
        "coupons",
        sa.Column("coupon_code", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("order_no", sa.Text(), nullable=True),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(state IN ('locked', 'used')) = (order_no IS NOT NULL)", name=op.f("ck_coupons_order_while_held")
        ),
        sa.ForeignKeyConstraint(
            ["template", "version"],
            ["coupon_template_versions.template", "coupon_template_versions.version"],
            name=op.f("fk_coupons_template_version"),
        ),
        sa.PrimaryKeyConstraint("coupon_code", name=op.f("pk_coupons")),
    )
    op.create_index("ix_coupons_account_valid_from", "coupons", ["account", "valid_from", "coupon_code"], unique=False)
    op.create_index("ix_coupons_template_account", "coupons", ["template", "account"], unique=False)
    op.create_table(
        "coupon_movements",
        sa.Column("movement_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("coupon_code", sa.Text(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=True),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("source_document", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["coupon_code"], ["coupons.coupon_code"], name=op.f("fk_coupon_movements_coupon_code")),
        sa.PrimaryKeyConstraint("movement_id", name=op.f("pk_coupon_movements")),
        sa.UniqueConstraint(
            "coupon_code",
            "source_document",
            "to_state",
            name=op.f("uq_coupon_movements_coupon_code_source_document_to_state"),
        ),
    )
    op.add_column("order_lines", sa.Column("category", sa.Text(), server_default="", nullable=False))
    op.add_column("order_lines", sa.Column("gift", sa.Boolean(), server_default="false", nullable=False))
    op.add_column(
        "order_lines",
        sa.Column("allocations", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
    )
    op.add_column("order_lines", sa.Column("points", sa.BigInteger(), server_default="0", nullable=False))
    op.drop_column("order_lines", "discounts")
    op.create_check_constraint(
        op.f("ck_order_lines_points_within_amount"), "order_lines", "points >= 0 AND payable + points <= amount"
    )
    op.add_column("orders", sa.Column("shipping_discount", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("skus", sa.Column("category", sa.Text(), server_default="", nullable=False))
    op.add_column("skus", sa.Column("floor_price", sa.BigInteger(), server_default="0", nullable=False))
    op.create_check_constraint(
        op.f("ck_skus_floor_price_within_price"), "skus", "floor_price >= 0 AND floor_price <= price"
    )
    op.execute(_ALLOCATE_FEES)
    op.execute(_REWRITE_SUBMISSIONS)
    op.execute(_REWRITE_ANSWERS)


def downgrade() -> None:
    op.drop_constraint(op.f("ck_skus_floor_price_within_price"), "skus")
    op.drop_constraint(op.f("ck_order_lines_points_within_amount"), "order_lines")
    op.drop_column("skus", "floor_price")
    op.drop_column("skus", "category")
    op.drop_column("orders", "shipping_discount")
    op.add_column("order_lines", sa.Column("discounts", postgresql.JSONB(), server_default="[]", nullable=False))
    op.drop_column("order_lines", "points")
    op.drop_column("order_lines", "allocations")
    op.drop_column("order_lines", "gift")
    op.drop_column("order_lines", "category")
    op.drop_table("coupon_movements")
    op.drop_index("ix_coupons_template_account", table_name="coupons")
    op.drop_index("ix_coupons_account_valid_from", table_name="coupons")
    op.drop_table("coupons")
    op.drop_table("offer_versions")
    op.drop_index("ix_offer_hold_items_code", table_name="offer_hold_items")
    op.drop_table("offer_hold_items")
    op.drop_table("offer_account_uses")
    op.drop_table("coupon_template_versions")
    op.drop_table("restorations")
    op.drop_table("points_policies")
    op.drop_index("ix_point_movements_account", table_name="point_movements")
    op.drop_table("point_movements")
    op.drop_table("point_accounts")
    op.drop_index("ix_offers_enabled_ends_at", table_name="offers")
    op.drop_table("offers")
    op.drop_table("offer_holds")
    op.drop_table("members")
    op.drop_table("coupon_templates")
