"""A first register from the tables of a database: what looks personal, how its rows are reached, and every gap.

Nothing is guessed of the law: what only the controller knows stands there as "# GAP:", one decision a line, with its
candidates.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from dsr.domain.found_tables import FoundColumn, FoundTable, words
from dsr.domain.register import LegalBasis
from dsr.domain.register_themes import BOOKS, PERIOD, PERSON, THEMES, Theme, themes
from dsr.domain.register_ways import Shares, Way, Ways, find_ways
from dsr.domain.retention import RULES

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_PAID = ("paid", "betaald", "voldaan", "settled")
_EMPTY: dict[str, str | int] = {
    "text": "",
    "json": "{}",
    "number": 0,
    "boolean": False,
    "date": "2000-01-01",
    "time": "00:00:00",
}
"""What a column that may not be empty can hold instead, by its kind."""


def draft(system: str, tables: Iterable[FoundTable], shares: Shares | None = None) -> str:
    """The text of a register for the tables of `system` that look personal or belong to one that does.

    `shares` tells of guessed ways how much of the values bears them out.
    """
    known = {table.name: table for table in tables}
    found = find_ways(known, shares or {})
    return "\n".join(_Draft(system, known, found, themes(known, found)).parts()) + "\n"


@dataclass(frozen=True, slots=True)
class _Draft:
    system: str
    tables: Mapping[str, FoundTable]
    ways: Ways
    themes: Mapping[str, Theme]

    def parts(self) -> Iterator[str]:
        named = self._named()
        yield _HEAD if named else f"{_HEAD}\n{_NONE}"
        for theme in THEMES:
            own = [table for table in named if self._theme(table) is theme]
            if own:
                yield "\n".join(_category(theme, own)) + "\n"
                yield from ("\n".join(self._of(table)) + "\n" for table in own)
        left_out = self.tables.keys() - {table.name for table in named}
        if left_out:
            yield _LEFT_OUT.format(", ".join(sorted(left_out)))

    def _named(self) -> list[FoundTable]:
        """The tables that look personal or may have a way to one that does, the nearest first."""
        reached = self.ways.first.keys() | self.ways.candidates.keys()
        named = [table for name, table in self.tables.items() if table.personal or name in reached]
        return sorted(named, key=lambda each: (each.is_view, each.name in self.ways.second, self._distance(each.name)))

    def _distance(self, name: str) -> int:
        way = self.ways.first.get(name)
        return 1 + self._distance(way.key.table) if way else 0

    def _theme(self, table: FoundTable) -> Theme:
        behind = self._behind(table) if table.is_view else None
        return self.themes[(behind or table).name]

    def _behind(self, view: FoundTable) -> FoundTable | None:
        """The one table whose rows a view shows: it has all its columns, or else all those that look personal."""
        own = [table for table in self.tables.values() if table.personal and not table.is_view]
        for columns in (view.columns, view.personal):
            behind = [table for table in own if {*columns} <= table.columns.keys()]
            if len(behind) == 1:
                return behind[0]
        return None

    def _of(self, table: FoundTable) -> Iterator[str]:
        return self._view(table) if table.is_view else self._table(table)

    def _table(self, table: FoundTable) -> Iterator[str]:
        yield from self._heading(table, self._theme(table))
        yield f"key = {_text(table.key)}" if table.key else _no_key(table)
        yield from self._reached(table)
        yield from _place(table)
        if table.soft_deleted:
            yield f"soft_deleted = {_text(table.soft_deleted)}   # rows marked so are found and erased all the same"
        if not self._follows(table.name):
            yield from _dates(table, self._theme(table))
        yield from self._kept(table)

    def _heading(self, table: FoundTable, theme: Theme) -> Iterator[str]:
        yield f"[tables.{_key(self.system)}.{_key(table.name)}]"
        if table.personal:
            yield f"# looks personal: {', '.join(table.personal)}"
        yield f"category = {_text(theme.name)}"

    def _view(self, view: FoundTable) -> Iterator[str]:
        table = self._behind(view)
        yield from self._heading(view, self._theme(view))
        key = list(table.key) if table and {*table.key} <= view.columns.keys() else []
        yield f"key = {_text(key)}" + ("" if key else "   # GAP: the columns that tell its rows apart")
        yield from self._reached(view)
        yield from _place(view)
        if table:
            yield f"view_of = {_text(table.name)}   # GAP: guessed from its columns; or read_only = true"
        else:
            yield '# GAP: view_of = "…"   # the table behind it, which is erased in its place; or read_only = true'

    def _reached(self, table: FoundTable) -> Iterator[str]:
        way, second = self.ways.first.get(table.name), self.ways.second.get(table.name)
        if table.match:
            yield f"match = {_inline(table.match)}"
        elif way:
            yield f"via = {_via(way)}" + _guessed(way)
        else:
            yield from self._candidates(table)
        if second and self._theme(table) is PERSON:
            told = f"finds them for that person too; or away with the line{_instead_of(second)}"
            yield f"# GAP: via = {_via(second)}   # {told}"
        elif second:
            yield f"via = {_via(second)}" + _guessed(second)
        yield from self._other_ways(table)
        if second and self._children(table.name):
            yield "# GAP: people = true | false   # its rows are people, or things of a person such as tickets"

    def _other_ways(self, table: FoundTable) -> Iterator[str]:
        """What a row that is kept may need besides: an order its address."""
        others: dict[str, list[str]] = {}
        for way in self.ways.others[table.name]:
            if self.tables[way.key.table].personal and (table.match or self._theme(table) is not PERSON):
                others.setdefault(way.key.table, []).append(" and ".join(way.key.columns))
        for other, columns in others.items():
            told = f"in via too, as the last, if a kept row needs {other} or a row is a part of it"
            yield f"# GAP: {' or '.join(columns)} points at {other}; {told}"

    def _candidates(self, table: FoundTable) -> Iterator[str]:
        found: dict[str, list[str]] = {}
        for guess in self.ways.candidates.get(table.name, []):
            found.setdefault(guess.column, []).append(_text(f"{guess.other}.{guess.target}"))
        for column, others in found.items():
            yield f"# GAP: via = {{ {_key(column)} = {' | '.join(others)} }}   # its values stand there"
        if table.phones:
            by_phone = _inline({"phone": table.phones[0]})
            yield f"# GAP: match = {by_phone}   # found once a handler has checked a number"
        elif not found:
            yield "# GAP: match or via: no column with an e-mail address, and no way to a table that has one"

    def _follows(self, name: str) -> bool:
        """Whether it is kept as long as the row it belongs to."""
        way = self.ways.first.get(name) or self.ways.second.get(name)
        return way is not None and self.themes[way.key.table] is self.themes[name]

    def _children(self, name: str) -> list[str]:
        known = {**self.ways.second, **self.ways.first}
        return sorted(child for child, way in known.items() if way.key.table == name)

    def _is_below(self, name: str, theme: Theme) -> bool:
        children = self._children(name)
        return any(self.themes[child] is theme or self._is_below(child, theme) for child in children)

    def _kept(self, table: FoundTable) -> Iterator[str]:
        """What stays of a row that others point at which may be kept longer."""
        children = [child for child in self._children(table.name) if not self._follows(child)]
        if not children:
            return
        needed = table.name_and_address if self._is_below(table.name, BOOKS) else []
        fast = [name for name in _fast(table) if name not in needed]
        told = f"what kept rows of {', '.join(children)} need of a row; all else of it goes"
        yield f"# GAP: keep_columns = {_text([*needed, *fast])}   # {told}"
        if needed:
            yield '# GAP: kept_as = { nl = "uw naam en adres", en = "your name and address" }'
        found = [each[table.name] for each in (self.ways.first, self.ways.second) if table.name in each]
        stays = {*table.key, *needed, *fast, *(column for way in found for column in way.key.columns)}
        full = {name: column for name, column in table.columns.items() if column.is_required and name not in stays}
        if full:
            fixed = _inline({name: _instead(name, column, table) for name, column in full.items()})
            yield f"# GAP: fixed = {fixed}   # these may not be empty: what they hold instead, or keep them too"


def _category(theme: Theme, tables: Iterable[FoundTable]) -> Iterator[str]:
    yield f"# {'-' * 20} {theme.label[1]}: {', '.join(table.name for table in tables)}"
    yield f"[categories.{theme.name}]"
    yield f"label = {_both(theme.label)}"
    yield f"# GAP: purpose = {_both(theme.purpose)}"
    yield f"# GAP: legal_basis = {' | '.join(_text(basis.value) for basis in LegalBasis)}"
    yield f"# GAP: source = {_both(theme.source)}"
    yield f"# GAP: retention = {' | '.join(theme.retentions)}"
    yield "# GAP: recipients = []"


def _guessed(way: Way) -> str:
    if way.share == 1 and not way.instead:
        return ""
    told = f"; {way.share:.0%} of its values stand there" if way.share else ""
    return f"   # GAP: guessed by its name{told}{_instead_of(way)}"


def _instead_of(way: Way) -> str:
    return f"; it may be a number in {', '.join(way.instead)} too, so look whose it is" if way.instead else ""


def _fast(table: FoundTable) -> list[str]:
    """The columns that may not be empty and can hold no other value that tells nothing: they point, or are unique."""
    tied = {column for key in table.foreign_keys for column in key.columns}
    full = {name: column for name, column in table.columns.items() if column.is_required and name not in table.key}
    return [name for name, column in full.items() if name in tied or (column.is_unique and column.kind != "text")]


def _no_key(table: FoundTable) -> str:
    unique = [name for name, column in table.columns.items() if column.is_unique][:1]
    return f"key = {_text(unique)}   # GAP: there is no primary key; name columns that no two rows share"


def _dates(table: FoundTable, theme: Theme) -> Iterator[str]:
    odd = [column for column in table.dates if table.columns[column].has_odd_days]
    told = f"; {', '.join(odd)}: text, and not all written as 2026-11-22, which alone can be read" if odd else ""
    paid = [column for column in table.dates if any(word in column.lower() for word in _PAID)] if theme is BOOKS else []
    others = " | ".join(_text(column) for column in table.dates if column not in paid)
    settled = f", current_value_ended = {' | '.join(map(_text, paid))}" if paid else ""
    if others and theme is BOOKS:
        yield f'# GAP: dates = {{ document_date = {others}{settled} }}   # with "fiscal7"; else no line{told}'
    elif others and PERIOD in theme.retentions:
        rules = {name: RULES[name].anchors[0] for name in map(json.loads, theme.retentions[:-1]) if name in RULES}
        instead = "".join(f'; with "{name}": {anchor}' for name, anchor in rules.items())
        yield f"# GAP: dates = {{ start = {others} }}   # with a period{instead}; else no line{told}"


def _instead(name: str, column: FoundColumn, table: FoundTable) -> str | int:
    """A value for a column that may not be empty; with the key in it where no two rows may share one."""
    if column.kind != "text" or not (column.is_unique or column.holds_addresses or "email" in words(name)):
        return _EMPTY.get(column.kind, "…")
    return f"erased-{'-'.join(f'{{{key}}}' for key in table.key)}@erased.invalid"


def _place(table: FoundTable) -> Iterator[str]:
    if table.table:
        yield f"table = {_text(table.table)}"
    if table.schema:
        yield f"schema = {_text(table.schema)}"


def _via(way: Way) -> str:
    targets = (f"{way.key.table}.{target}" for target in way.key.targets)
    return _inline(dict(zip(way.key.columns, targets, strict=True)))


def _both(said: tuple[str, str]) -> str:
    return _inline(dict(zip(("nl", "en"), said, strict=True)))


def _inline(values: Mapping[str, str | int]) -> str:
    return f"{{ {', '.join(f'{_key(name)} = {_text(value)}' for name, value in values.items())} }}"


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


_HEAD = """\
# A first register, drawn up from a live database. Every line with GAP is one decision, and only you can take it: leave
# the candidate that holds (" | " stands between them) and take the mark away, or take the line away. Of the law nothing
# is guessed.
# `dsr check-config` tells what is left and what does not fit; `dsr retention` tells every rule of law.
# A retention may also be another rule of law, or a period of your own: { years = 2, after = { nl = "…", en = "…" } }

# GAP: backup_days = 30   # for how many days erased data can still be in your backups
# GAP: recipients.bookkeeper = { name = "…", role = "processor" }   # who receives data; a line each, or none
"""
_LEFT_OUT = """\
# Left out, since nothing in them looks personal and no way to a person was found. Look whether that is so:
# {}"""
_NONE = "# GAP: no table looks personal; name the tables yourself."
