"""Alembic's environment: the connection comes from distributor.store.migrating."""

from alembic import context

from distributor.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
