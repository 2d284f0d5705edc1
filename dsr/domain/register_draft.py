"""A first register from the tables of a database: what looks personal, how its rows are reached, and every gap.

Nothing is guessed of the law: what only the controller knows stands there as "# GAP:", to be filled in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

_WORDS_OF_A_PERSON = """
email phone telephone telefoon telefoonnummer mobile mobiel gsm address adres street straat postcode zip birth birthday
birthdate dob geboorte geboortedatum geboren firstname lastname surname voornaam achternaam geslacht gender bsn iban ip
phonenumber ipaddr ipaddress
"""
_PERSONAL = frozenset(_WORDS_OF_A_PERSON.split())
_DATED = frozenset({"day", "dag", "on", "op", "at"})
_JOINED = (("e", "mail"), ("first", "name"), ("last", "name"), ("postal", "code"), ("zip", "code"))
_NUMBERS = ("customer_number", "klantnummer", "customernumber", "klant_nummer", "customer_no")
_MARKS = frozenset({"deleted_at", "deleted_on", "deleted", "is_deleted", "verwijderd", "verwijderd_op", "deletedat"})
_BARE = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """Columns of a table, and those of the table they point at."""

    columns: tuple[str, ...]
    table: str
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FoundTable:
    """A table or view of a live database. `columns` tells of each whether its type is a date.

    `schema` is given where it is not the default one, `table` where its own name is another than `name`.
    """

    name: str
    key: tuple[str, ...]
    columns: Mapping[str, bool]
    foreign_keys: tuple[ForeignKey, ...] = ()
    schema: str | None = None
    table: str | None = None
    is_view: bool = False

    @property
    def personal(self) -> list[str]:
        """The columns that look personal. A name alone does not: songs have one too."""
        return [column for column in self.columns if _words(column) & _PERSONAL]

    @property
    def match(self) -> dict[str, str]:
        """Identifier -> the column that holds it."""
        emails = [column for column in self.columns if "email" in _words(column)]
        numbers = [column for column in self.columns if column.lower() in _NUMBERS]
        found = {"email": emails[:1], "customer_number": numbers[:1] if emails else []}
        return {kind: columns[0] for kind, columns in found.items() if columns}

    @property
    def soft_deleted(self) -> str | None:
        """The column that looks like a mark of deletion."""
        return next((column for column in self.columns if column.lower() in _MARKS), None)

    @property
    def dates(self) -> list[str]:
        """The columns from which a retention may count, by their type or their name: not a birthday."""
        dated = [column for column, is_date in self.columns.items() if is_date or _is_dated(column)]
        return [column for column in dated if column not in (*self.personal, self.soft_deleted)]


def _is_dated(column: str) -> bool:
    words = _words(column)
    return bool(words & _DATED) or any(word.endswith(("date", "datum")) for word in words)


def _words(column: str) -> set[str]:
    """The words of a column's name, however they are joined: e_mail, EmailAddress, e-mail."""
    parts = [part.lower() for part in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", column)]
    pairs = {first + second for first, second in pairwise(parts) if (first, second) in _JOINED}
    mails = {"email"} if {"mail", "emailadres", "emailaddress", "mailadres"} & set(parts) else set()
    return {*parts, *pairs, *mails, *({"postcode"} if "postalcode" in pairs else ())}


@dataclass(frozen=True, slots=True)
class _Way:
    """How a table reaches the person; `is_guessed` from a column's name, for want of a foreign key."""

    key: ForeignKey
    is_guessed: bool = False


def draft(system: str, tables: Iterable[FoundTable]) -> str:
    """The text of a register for the tables of `system` that look personal or belong to one that does."""
    known = {table.name: table for table in tables}
    ways = _ways(known)
    named = [table for name, table in known.items() if table.personal or name in ways]
    own = [table for table in named if not table.is_view]
    names = {table.name for table in named}
    parts = [_HEAD, *map(_category, own), _TABLES_HEAD if named else _NONE]
    seconds = _second_ways(known)
    parts += [_table(system, table, ways, names, seconds.get(table.name)) for table in own]
    parts += [_view(system, table, own, ways) for table in named if table.is_view]
    left_out = [name for name in known if name not in names]
    return "\n".join([*parts, *([_LEFT_OUT.format(", ".join(left_out))] if left_out else [])])


def _ways(tables: Mapping[str, FoundTable]) -> dict[str, _Way]:
    """The way of every table that reaches a table with identifiers, found step by step outwards from these."""
    reached = {name for name, table in tables.items() if table.match}
    ways: dict[str, _Way] = {}
    while found := _next_ways(tables, reached):
        ways |= found
        reached |= found.keys()
    return {name: way for name, way in ways.items() if not tables[way.key.table].is_view}


def _next_ways(tables: Mapping[str, FoundTable], reached: set[str]) -> dict[str, _Way]:
    found = {name: _way(table, reached, tables) for name, table in tables.items() if name not in reached}
    return {name: way for name, way in found.items() if way}


def _second_ways(tables: Mapping[str, FoundTable]) -> dict[str, _Way]:
    """Of the tables with identifiers, those that also point at one: its rows may lack an address of their own."""
    matched = {name for name, table in tables.items() if table.match and not table.is_view}
    found = {name: _way(tables[name], matched - {name}, tables) for name in matched}
    return {name: way for name, way in found.items() if way}


def _way(table: FoundTable, reached: set[str], tables: Mapping[str, FoundTable]) -> _Way | None:
    for key in table.foreign_keys:
        if key.table in reached and key.table != table.name:
            return _Way(key)
    words = {name: _words_for(other, tables) for name, other in tables.items() if name in reached and not other.is_view}
    for name in sorted(words, key=lambda name: (words[name].isdisjoint(_PEOPLE), name)):
        if name != table.name and (column := _pointer(table, tables[name], words[name])):
            return _Way(ForeignKey((column,), name, tables[name].key), is_guessed=True)
    return None


def _words_for(table: FoundTable, tables: Mapping[str, FoundTable]) -> set[str]:
    """What a row of a table may be called: as the table is, or as people are, where no other table is of people."""
    of_people = [name for name in tables if _called(name) & _PEOPLE]
    return _called(table.name) | (_PEOPLE if of_people == [table.name] else set())


def _called(name: str) -> set[str]:
    """The name of a table without a mark that all tables of a database have, and in the singular."""
    bare = name.lower().removeprefix("tbl").removeprefix("_")
    return {name.lower(), bare, bare.removesuffix("s"), bare.removesuffix("en")}


def _pointer(table: FoundTable, other: FoundTable, words: set[str]) -> str | None:
    """A column named after another table (customer_id, CustomerId), or like its key (customer_number)."""
    if len(other.key) != 1:
        return None
    wanted = {f"{word}{end}" for word in words for end in _ENDS} | ({other.key[0].lower()} - _VAGUE)
    tied = {column for key in table.foreign_keys for column in key.columns}
    return next((column for column in table.columns if column.lower() in wanted and column not in tied), None)


_PEOPLE = frozenset({"client", "customer", "klant", "user", "gebruiker", "member", "lid"})
_ENDS = ("_id", "id", "_nr", "nr", "_no", "_number", "_nummer")
_VAGUE = frozenset({"id", "nr", "no", "number", "nummer", "code", "key", "uuid", "name", "naam", "email"})

_HEAD = """\
# A first register, drawn up from the tables of a live database. Nothing in it is guessed of the law: every GAP is for
# you to fill in. `dsr check-config` tells what is still missing, `dsr retention` lists the rules.

# GAP: backup_days = 30   (for how many days erased data can still be in your backups)
# GAP: [recipients.NAME]  (who receives data: name, role, inside_eea, safeguard)
"""
_TABLES_HEAD = "# Where the rows are, and how they are reached from the person.\n"
_LEFT_OUT = """\
# Left out, since nothing in them looks personal and no way to a person was found. Look whether that is so:
# {}
"""
_NONE = "# GAP: no table looks personal; name the tables yourself.\n"


def _category(table: FoundTable) -> str:
    dates = f"; date columns: {', '.join(table.dates)}" if table.dates else ""
    name = json.dumps(table.name, ensure_ascii=False)
    lines = [
        f"[categories.{_key(table.name)}]",
        f"label = {{ nl = {name}, en = {name} }}   # GAP: call it what the person calls it, in both languages",
        f"# columns that look personal: {', '.join(table.personal) or 'none, but its rows belong to a person'}",
        '# GAP: purpose = { nl = "…", en = "…" }',
        '# GAP: legal_basis = "…"   (consent, contract, legal-obligation, legitimate-interest, …: art. 6(1))',
        '# GAP: source = { nl = "…", en = "…" }',
        f'# GAP: retention = "…"   (a rule, a period or "not-stated"{dates})',
        "# GAP: recipients = []",
    ]
    return "\n".join(lines) + "\n"


def _table(
    system: str, table: FoundTable, ways: Mapping[str, _Way], known: set[str], second: _Way | None = None
) -> str:
    lines = [
        f"[tables.{_key(system)}.{_key(table.name)}]",
        f"category = {json.dumps(table.name, ensure_ascii=False)}" + _or_that_of_its_parent(table, ways),
        f"key = {json.dumps(table.key, ensure_ascii=False)}" + ("" if table.key else "   # GAP: no primary key"),
        *_reached(table, ways, known),
        *([f"# GAP: via = {_via(second)}   (besides match: for rows without an address)"] if second else []),
        *_place(table),
    ]
    if table.soft_deleted:
        guessed = "guessed from its name: rows marked so are found and erased all the same"
        lines.append(f"soft_deleted = {json.dumps(table.soft_deleted)}   # GAP: {guessed}")
    if table.dates:
        lines.append(f"# GAP: dates = {{ … }}   (which date the retention counts from: {', '.join(table.dates)})")
    children = sorted(name for name, way in ways.items() if way.key.table == table.name)
    if children:
        needed = f"what kept rows of {', '.join(children)} need of this row; the rest goes"
        lines.append(f"# GAP: keep_columns = [ … ]   ({needed})")
    return "\n".join(lines) + "\n"


def _view(system: str, view: FoundTable, tables: Iterable[FoundTable], ways: Mapping[str, _Way]) -> str:
    """A view shows rows that are somewhere else: of one table with all its personal columns, as far as can be told."""
    behind = [table for table in tables if set(view.personal) <= set(table.columns)]
    table = behind[0] if len(behind) == 1 else None
    category = f"category = {json.dumps(table.name, ensure_ascii=False)}" if table else '# GAP: category = "…"'
    key = list(table.key) if table and set(table.key) <= set(view.columns) else []
    no_key = "" if key else "   # GAP: the columns that tell its rows apart"
    lines = [
        f"[tables.{_key(system)}.{_key(view.name)}]",
        category,
        f"key = {json.dumps(key, ensure_ascii=False)}" + no_key,
        *_reached(view, ways, set()),
        *_place(view),
        f"view_of = {json.dumps(table.name, ensure_ascii=False)}   # GAP: guessed from its columns; or read_only = true"
        if table
        else '# GAP: view_of = "…"   (the table behind it, which is erased in its place; or read_only = true)',
    ]
    return "\n".join(lines) + "\n"


def _place(table: FoundTable) -> Iterator[str]:
    if table.table:
        yield f"table = {json.dumps(table.table, ensure_ascii=False)}"
    if table.schema:
        yield f"schema = {json.dumps(table.schema, ensure_ascii=False)}"


def _or_that_of_its_parent(table: FoundTable, ways: Mapping[str, _Way]) -> str:
    """Rows without anything personal or a date of their own may be a part of the row they point at."""
    way = ways.get(table.name)
    if way is None or table.personal or table.dates:
        return ""
    return f"   # GAP: or that of {way.key.table}, where its rows are a part of those"


def _reached(table: FoundTable, ways: Mapping[str, _Way], known: set[str]) -> Iterator[str]:
    way = ways.get(table.name)
    if table.match:
        yield f"match = {_inline(table.match)}"
    elif way is None:
        yield "# GAP: match or via: no column with an e-mail address, and no way to a table that has one"
    else:
        guessed = "   # GAP: guessed from the column's name; there is no foreign key" if way.is_guessed else ""
        yield f"via = {_via(way)}{guessed}"
        others = sorted({key.table for key in table.foreign_keys} & known - {table.name, way.key.table})
        if others:
            yield f"# GAP: it points at {', '.join(others)} too; is this the way to the person?"


def _via(way: _Way) -> str:
    targets = (f"{way.key.table}.{target}" for target in way.key.targets)
    return _inline(dict(zip(way.key.columns, targets, strict=True)))


def _inline(values: Mapping[str, str]) -> str:
    pairs = ", ".join(f"{_key(name)} = {json.dumps(value, ensure_ascii=False)}" for name, value in values.items())
    return f"{{ {pairs} }}"


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else json.dumps(name, ensure_ascii=False)
