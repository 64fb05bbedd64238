"""Alembic's entry: run by `ordersaga migrate`, which puts a connection into the configuration."""

from alembic import context

from ordersaga.persistence.tables import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, transaction_per_migration=True
)
with context.begin_transaction():
    context.run_migrations()
