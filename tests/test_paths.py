"""The folders beside the package are found in a checkout."""

from __future__ import annotations

from dsr import paths


def test_templates_are_found() -> None:
    assert (paths.templates() / "base.html").is_file()


def test_migrations_are_found() -> None:
    assert paths.migrations().is_dir()
    assert paths.migrations().parent == paths.templates().parent
