"""What stored orders are made of, in SQL: what each of them is, and from that the rows of every table that it fills.

Heavy documents are those of an order that is there.
"""

STAGING = """
SELECT setseed(0.5);
DROP TABLE IF EXISTS bench_stored;
CREATE UNLOGGED TABLE bench_stored AS
WITH numbered AS (
    SELECT n, n > {count} - {open} AS under_way, random() AS fate, random() AS share, random() AS size,
           n::bigint * 48271 % {count} AS mixed,
           now() - CASE WHEN n > {count} - {open} THEN interval '10 days' * ({count} - n) / {open}
                   ELSE interval '10 days' + interval '720 days' * ({count} - {open} - n) / {count} END AS placed_at
    FROM generate_series(1, {count}) AS n
), fated AS (
    SELECT *,
        CASE WHEN under_way THEN CASE
            WHEN fate < 0.45 THEN 'in_production' WHEN fate < 0.75 THEN 'shipped' WHEN fate < 0.90 THEN 'delivered'
            WHEN fate < 0.95 THEN 'received' ELSE 'awaiting_payment' END
        ELSE CASE
            WHEN fate < 0.88 THEN 'completed' WHEN fate < 0.94 THEN 'payment_timed_out'
            WHEN fate < 0.98 THEN 'cancelled' ELSE 'refunded' END
        END AS state,
        CASE WHEN {is_first} AND n % 20 = 1 THEN 'stored-small' WHEN {is_first} AND n % 5 = 2 THEN 'stored-middle'
             WHEN share < 0.01 THEN 'stored-middle'
             WHEN share < 0.35 THEN 'ordersaga' WHEN share < 0.55 THEN 'stored-2' WHEN share < 0.70 THEN 'stored-3'
             WHEN share < 0.80 THEN 'stored-4' WHEN share < 0.90 THEN 'stored-5'
             ELSE 'stored-' || 6 + floor(200 * (share - 0.9) * 10)::int END AS merchant_id,
        CASE WHEN {is_first} AND n % 20 = 0 THEN 'stored-buyer' ELSE
            'stored-{stage}-' || mixed / 90 || '-'
            || width_bucket((mixed % 90)::int, ARRAY[1, 2, 3, 5, 7, 10, 15, 23, 40]) END AS buyer
    FROM numbered
)
SELECT n, {before} + n AS place, placed_at, state, merchant_id, buyer,
       to_char(placed_at AT TIME ZONE 'UTC', 'YYMMDD-') || upper(left(md5('order' || {stage} || '/' || n), 12))
           AS order_no,
       left(md5('payment' || {stage} || '/' || n), 24) AS digest,
       CASE merchant_id WHEN 'stored-small' THEN 'stored-shed' ELSE (ARRAY['tpe-1', 'khh-1', 'lin-1'])[1 + n % 3] END
           AS warehouse_id,
       CASE WHEN {is_first} AND n % 20 = 3 THEN 'flash_sale' ELSE 'standard' END AS order_type,
       CASE WHEN size < 0.7 THEN 1 WHEN size < 0.9 THEN 2 ELSE 3 END AS lines,
       state NOT IN ('payment_timed_out', 'cancelled', 'awaiting_payment') AS paid,
       state NOT IN ('payment_timed_out', 'cancelled', 'awaiting_payment', 'in_production') AS shipped
FROM fated ORDER BY n;
ANALYZE bench_stored;
"""
"""`count` orders, of which `open` are under way and the newest; `before` were stored by others before, or it
`is_first`. `stage` tells their numbers apart from those."""
ORDERS = (
    """
    INSERT INTO submissions (order_no, quote_id, buyer, idempotency_key, body_hash, priced, receiver, asked,
                             received_at, placed, answer, screening, ip, device)
    SELECT order_no, 'quote-' || digest, buyer, digest, md5(digest), like_it.priced, like_it.receiver,
           like_it.asked, placed_at, true, '{}', like_it.screening, md5((n % 5000)::text), NULL
    FROM (SELECT priced, receiver, asked, screening FROM submissions WHERE answer IS NOT NULL LIMIT 1) AS like_it,
         bench_stored
    """,
    """
    INSERT INTO orders (order_no, order_type, buyer, state, table_version, policy_version, currency, shipping_option,
                        goods, discount, points, shipping, tax, payable, due_now, receiver, placed_at, payment_due_at,
                        after_sales_until, updated_at)
    SELECT order_no, order_type, buyer, state,
           CASE order_type WHEN 'standard' THEN like_it.table_version ELSE 2 END, like_it.policy_version, 'TWD',
           'standard', 10000 * lines, 0, 0, 8000, 0, 10000 * lines + 8000, 10000 * lines + 8000, like_it.receiver,
           placed_at, placed_at + interval '15 minutes',
           CASE WHEN state = 'completed' THEN placed_at + interval '10 days' END,
           placed_at + interval '9 days'
    FROM (SELECT table_version, policy_version, receiver FROM orders ORDER BY placed_at DESC LIMIT 1) AS like_it,
         bench_stored
    """,
    """
    INSERT INTO order_lines (order_no, line_no, sku, name, attributes, merchant_id, quantity, unit_price, amount,
                             category, allocations, payable, shipping, weight_g, volume_mm3, transport_class)
    SELECT order_no, line, 'STORED-' || line, 'Stored ' || line, '{}', merchant_id, 1, 10000, 10000,
           'home', like_it.allocations, 10000, CASE line WHEN 1 THEN 8000 ELSE 0 END, 500, 100000, 'ordinary'
    FROM (SELECT allocations FROM order_lines LIMIT 1) AS like_it,
         bench_stored CROSS JOIN LATERAL generate_series(1, lines) AS line
    """,
    """
    INSERT INTO listed_orders (order_no, role, party, order_type, state, placed_at)
    SELECT order_no, role, party, order_type, state, placed_at
    FROM bench_stored CROSS JOIN LATERAL (VALUES
        ('merchant', merchant_id, true), ('warehouse', warehouse_id, paid)
    ) AS listed (role, party, happened) WHERE happened
    """,
    """
    INSERT INTO notifications (order_no, recipient, kind, created_at)
    SELECT order_no, buyer, 'confirm_receipt_and_review', placed_at + interval '4 days'
    FROM bench_stored WHERE shipped
    """,
    """
    INSERT INTO parcels (parcel_no, order_no, sequence, merchant_id, warehouse_id, transport_class, weight_g,
                         volume_mm3, state, updated_at)
    SELECT order_no || '-1', order_no, 1, merchant_id, warehouse_id, 'ordinary', 500 * lines, 100000 * lines,
           CASE state WHEN 'in_production' THEN 'created' WHEN 'shipped' THEN 'in_transit' ELSE 'delivered' END,
           placed_at + interval '3 days'
    FROM bench_stored WHERE paid
    """,
    """
    INSERT INTO parcel_lines (parcel_no, line_no, sku, quantity, units, payable, shipping)
    SELECT order_no || '-1', line, 'STORED-' || line, 1, '[1]', 10000, CASE line WHEN 1 THEN 8000 ELSE 0 END
    FROM bench_stored CROSS JOIN LATERAL generate_series(1, lines) AS line WHERE paid
    """,
    """
    INSERT INTO stock_reservations (order_no, state)
    SELECT order_no, CASE WHEN state IN ('payment_timed_out', 'cancelled') THEN 'released' ELSE 'reserved' END
    FROM bench_stored
    """,
    """
    INSERT INTO stock_reservation_lines (order_no, line_no, warehouse_id, sku, quantity)
    SELECT order_no, line, warehouse_id, 'STORED-' || line, 1
    FROM bench_stored CROSS JOIN LATERAL generate_series(1, lines) AS line
    """,
    """
    INSERT INTO stock_movements (sku, warehouse_id, kind, source_document, line_no, on_hand, reserved, at)
    SELECT 'STORED-' || line, warehouse_id, kind, order_no || suffix, line, 0 - shelf, held, placed_at + later
    FROM bench_stored CROSS JOIN LATERAL generate_series(1, lines) AS line CROSS JOIN LATERAL (VALUES
        ('reserve', '', 0, 1, interval '0', true),
        ('release', '', 0, -1, interval '15 minutes', state IN ('payment_timed_out', 'cancelled')),
        ('ship', '-1', 1, -1, interval '1 day', shipped)
    ) AS movement (kind, suffix, shelf, held, later, happened) WHERE happened
    """,
    """
    INSERT INTO reviews (order_no, line_no, rating, text, created_at)
    SELECT order_no, 1, 1 + n % 5, 'As described, and soon.', placed_at + interval '8 days'
    FROM bench_stored WHERE state = 'completed' AND n % 10 = 0
    """,
)
HISTORY = (
    """
    INSERT INTO payments (payment_id, order_no, channel, provider, amount, currency, state, cashier_url, created_at,
                          provider_transaction_id, received_amount, received_currency, paid_at, refunded)
    SELECT 'pay_' || digest, order_no, 'card', 'sandbox', 10000 * lines + 8000, 'TWD', 'succeeded', 'http://127.0.0.1/sandbox/cashier',
           placed_at, 'sbx_' || digest, 10000 * lines + 8000, 'TWD', placed_at + interval '2 minutes',
           CASE state WHEN 'refunded' THEN 10000 * lines + 8000 ELSE 0 END
    FROM bench_stored WHERE paid
    """,
    """
    INSERT INTO inbox (source, event_id, workflow_id, signal, subject, payload, received_at, next_try_at, delivered_at,
                       applied_at)
    SELECT source, event_id, run, signal, subject, like_it.payload, placed_at, placed_at, placed_at, placed_at
    FROM (SELECT payload FROM inbox WHERE signal = 'payment_reported' LIMIT 1) AS like_it,
         bench_stored CROSS JOIN LATERAL (VALUES
        ('payment:sandbox', 'evt_' || digest, 'order/' || order_no, 'payment_reported', 'pay_' || digest, paid),
        ('parcel:' || order_no || '-1', left(digest, 20), 'parcel/' || order_no || '-1', 'parcel_reported',
         order_no || '-1', shipped)
    ) AS report (source, event_id, run, signal, subject, happened) WHERE happened
    """,
    """
    INSERT INTO sandbox_payments (payment_id, order_no, channel, amount, currency, callback_url, expires_at, created_at,
                                  state, event_id, decided_at, provider_transaction_id, paid_amount, paid_at)
    SELECT 'pay_' || digest, order_no, 'card', 10000 * lines + 8000, 'TWD', 'http://127.0.0.1/v1/webhooks/payments',
           placed_at + interval '15 minutes', placed_at, 'succeeded', 'evt_' || digest, placed_at, 'sbx_' || digest,
           10000 * lines + 8000, placed_at + interval '2 minutes'
    FROM bench_stored WHERE paid
    """,
    """
    INSERT INTO sandbox_callbacks (event_id, payment_id, url, body, due_at, tries, delivered_at)
    SELECT 'evt_' || digest, 'pay_' || digest, 'http://127.0.0.1/v1/webhooks/payments', '{}', placed_at, 1, placed_at
    FROM bench_stored WHERE paid
    """,
    """
    INSERT INTO after_sales_cases (case_no, order_no, sequence, kind, reason, fault, state, table_version, merchant_id,
                                   opened_by_role, opened_by, opened_at, updated_at)
    SELECT order_no || '-A1', order_no, 1, 'refund', 'changed_mind', 'buyer', 'refunded', 1, merchant_id, 'buyer',
           buyer, placed_at + interval '1 hour', placed_at + interval '1 day'
    FROM bench_stored WHERE state = 'refunded'
    """,
    """
    INSERT INTO refunds (refund_no, source_document, order_no, case_no, payment_id, provider, amount, currency, reason,
                         state, requested_at, updated_at)
    SELECT order_no || '-R1', order_no || '-A1/pay_' || digest, order_no, order_no || '-A1', 'pay_' || digest,
           'sandbox', 10000 * lines + 8000, 'TWD', 'changed_mind', 'succeeded', placed_at + interval '1 day',
           placed_at + interval '1 day'
    FROM bench_stored WHERE state = 'refunded'
    """,
    """
    INSERT INTO transitions (order_no, sequence, step, at, actor_role, actor, channel, action, from_state, to_state,
                             reason, changes, key_id, mac)
    SELECT order_no, sequence, sequence, placed_at + later, 'system', 'stored', 'workflow', action, from_state,
           to_state, '', '{}', 'k1', digest || digest
    FROM bench_stored CROSS JOIN LATERAL (VALUES
        (1, interval '0', 'submit', NULL, 'awaiting_payment', true),
        (2, interval '15 minutes', 'time_out', 'awaiting_payment', 'payment_timed_out', NOT paid),
        (2, interval '2 minutes', 'confirm_payment', 'awaiting_payment', 'paid', paid),
        (3, interval '1 day', 'ship_last_parcel', 'in_production', 'shipped', shipped),
        (4, interval '9 days', 'complete', 'received', 'completed', state = 'completed')
    ) AS step (sequence, later, action, from_state, to_state, happened) WHERE happened
    """,
    """
    INSERT INTO events (position, order_no, sequence, type, at, document)
    SELECT 4 * place + sequence - 1000000000000, order_no, sequence, type, placed_at + later, '{}'
    FROM bench_stored CROSS JOIN LATERAL (VALUES
        (1, interval '0', 'order.placed', true),
        (2, interval '15 minutes', 'order.payment_timed_out', NOT paid),
        (2, interval '2 minutes', 'order.paid', paid),
        (3, interval '1 day', 'order.shipped', shipped),
        (4, interval '9 days', 'order.completed', state = 'completed')
    ) AS step (sequence, later, type, happened) WHERE happened
    """,
)
