"""The register of a database drawn by chance, as its controller would write it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from tests.anydatabase.schema import AnyTable, Category

_RETENTION = {"months": '{ months = 6, after = { nl = "x", en = "x" } }', None: '"not-stated"'}


def written(tables: Sequence[AnyTable]) -> str:
    """The text of `register.toml`."""
    categories = {table.category.name: table.category for table in tables}
    sections = [*map(_category, categories.values()), *map(_table, tables)]
    return "\n".join("\n".join(lines) + "\n" for lines in sections)


def _category(category: Category) -> Iterator[str]:
    yield f"[categories.{category.name}]"
    for key in ("label", "purpose", "source"):
        yield f'{key} = {{ nl = "{category.name}", en = "{category.name}" }}'
    yield 'legal_basis = "contract"'
    yield f"retention = {_RETENTION.get(category.rule, json.dumps(category.rule))}"


def _table(table: AnyTable) -> Iterator[str]:
    yield f"[tables.shop.{json.dumps(table.name)}]"
    yield f'category = "{table.category.name}"'
    yield f"key = {json.dumps(table.key)}"
    yield f"keep_columns = {json.dumps(sorted(table.keep))}"
    if table.is_matched:
        yield 'match = { email = "email" }'
    if table.is_matched and not table.has_people and table.pointed_at:
        yield "people = false"
    yield from _listed("via", {c: f"{way.parent.name}.{of}" for way in table.ways for c, of in way.columns.items()})
    yield from _listed("dates", table.dates)
    yield from _listed("fixed", {column: value for column, value in table.fixed.items() if column not in table.keep})
    if table.pseudonym:
        yield from _listed("pseudonyms", {table.pseudonym: 16})
        yield 'kept_as = { nl = "x", en = "x" }'
    if table.stays_empty:
        yield 'on_erasure = "empty"'
    if table.has_mark:
        yield 'soft_deleted = "deleted"'


def _listed(name: str, values: Mapping[str, Any]) -> Iterator[str]:
    if values:
        yield f"{name} = {{ {', '.join(f'{column} = {_value(value)}' for column, value in values.items())} }}"


def _value(value: Any) -> str:
    return json.dumps(value.isoformat() if isinstance(value, date) else value)
