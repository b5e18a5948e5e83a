"""Alembic's entry: migrations run on the connection that the store hands over."""

from alembic import context

from adapters.store.schema import STORE

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=STORE, render_as_batch=False)
with context.begin_transaction():
    context.run_migrations()
