"""The migrations go up and down, and equal the mapped classes."""

from sqlalchemy import URL, create_engine, inspect

from dsr.db import migrations


def test_the_newest_revision_equals_the_mapped_classes(database_url: URL) -> None:
    engine = create_engine(database_url)
    assert not migrations.is_current(engine)
    migrations.upgrade(engine)
    assert migrations.is_current(engine)
    assert migrations.differences(engine) == []
    engine.dispose()


def test_a_database_goes_down_to_nothing_and_up_again(database_url: URL) -> None:
    engine = create_engine(database_url)
    migrations.upgrade(engine)
    migrations.downgrade(engine, "base")
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    migrations.upgrade(engine)
    migrations.upgrade(engine)
    assert migrations.differences(engine) == []
    engine.dispose()


def test_a_difference_is_seen(sqlite_url: URL) -> None:
    engine = create_engine(sqlite_url)
    migrations.upgrade(engine)
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.exec_driver_sql("ALTER TABLE dsr_case ADD COLUMN surplus TEXT")
    assert migrations.differences(engine) != []
    engine.dispose()
