"""Alembic's entry: the connection comes from dsr.db.migrations, there is no alembic.ini."""

from alembic import context

from dsr.db.migrations import TABLES

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=TABLES,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
