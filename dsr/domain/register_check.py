"""What is wrong with a register, told all at once: each a key path and a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator, Mapping

from dsr.domain.identifiers import KINDS
from dsr.domain.plans import EVENT
from dsr.domain.register import (
    NOT_STATED,
    UNTIL_WITHDRAWN,
    Category,
    ErasureGround,
    LegalBasis,
    Period,
    Register,
    Table,
)
from dsr.domain.retention import PERIOD, RULES

Mistake = tuple[str, str]

CIRCLE = ""
"""The end of a way that never ends."""

SHORTEST_PSEUDONYM, LONGEST_PSEUDONYM = 12, 52
"""Characters of five bits each: sixty bits, so that a million values hardly ever meet, to all that a digest has."""


def mistakes(register: Register) -> list[Mistake]:
    """Every mistake of the register that can be seen without opening a database."""
    return [*_in_categories(register), *_in_recipients(register), *_in_tables(register), *_held_twice(register)]


def _held_twice(register: Register) -> Iterator[Mistake]:
    """A system is a database with tables, or a person looks in it."""
    for name, category in register.categories.items():
        for system in category.held_in:
            if system in register.tables:
                yield f"categories.{name}.held_in", f"names {system}, which has tables: a person does not look there"


def _in_categories(register: Register) -> Iterator[Mistake]:
    for name, category in register.categories.items():
        at = f"categories.{name}"
        for recipient in category.recipients:
            if recipient not in register.recipients:
                yield f"{at}.recipients", f"names {recipient}, which is not under [recipients]"
        yield from _in_retention(category, f"{at}.retention")
        if category.erasure_ground is ErasureGround.NONE and not category.refusal_reason:
            yield f"{at}.refusal_reason", 'is missing: erasure_ground = "none" needs a reason to tell'
        if category.confidential == "":
            yield f"{at}.confidential", "is empty: name the ground, such as a law"
        yield from _in_role(register, category, at)


def _in_retention(category: Category, at: str) -> Iterator[Mistake]:
    rule = category.retention
    if isinstance(rule, Period):
        yield from _in_period(rule, at)
    elif rule == UNTIL_WITHDRAWN and category.legal_basis is not LegalBasis.CONSENT:
        yield at, f'is {rule}, while legal_basis is not "consent"'
    elif rule not in (NOT_STATED, UNTIL_WITHDRAWN, *RULES):
        others = f'a period, "{UNTIL_WITHDRAWN}" or "{NOT_STATED}"'
        yield at, f"{rule} is not a rule; use one of {', '.join(RULES)}, {others}"


def _in_period(period: Period, at: str) -> Iterator[Mistake]:
    lengths = (period.years, period.months, period.weeks, period.days)
    if min(lengths) < 0:
        yield at, "is a time before its start"
    if bool(period.until) == any(lengths):
        yield at, "needs a length (years, months, weeks, days) or until, an event in words: one of the two"


def _in_role(register: Register, category: Category, at: str) -> Iterator[Mistake]:
    if not category.is_ours and not category.on_behalf_of:
        yield f"{at}.on_behalf_of", 'is missing: role = "processor" needs the controller to turn to'
    if category.is_ours and category.on_behalf_of:
        yield f"{at}.on_behalf_of", 'needs role = "processor"'
    if category.refer_to is None:
        return
    recipient = register.recipients.get(category.refer_to)
    if recipient is None:
        yield f"{at}.refer_to", f"names {category.refer_to}, which is not under [recipients]"
    elif recipient.role not in ("independent-controller", "joint-controller"):
        yield f"{at}.refer_to", f"names {category.refer_to}, which is not a controller itself"
    elif recipient.confidential:
        yield f"{at}.refer_to", f"names {category.refer_to}, which is confidential: nobody may hear of it"


def _in_recipients(register: Register) -> Iterator[Mistake]:
    for name, recipient in register.recipients.items():
        if not recipient.inside_eea and recipient.safeguard is None:
            yield f"recipients.{name}.safeguard", "is missing: the recipient is outside the EEA (art. 15(2), 46)"
        if not recipient.inside_eea and register.data_stays_in_eea:
            yield f"recipients.{name}.inside_eea", "is false, while data_stays_in_eea says that no data leave the EEA"
        if recipient.email is not None and not re.fullmatch(r"[^\s@,;<>]+@[^\s@,;<>]+", recipient.email):
            yield f"recipients.{name}.email", "is not an e-mail address"
        if recipient.confidential == "":
            yield f"recipients.{name}.confidential", "is empty: name the ground, such as a law"


def _in_tables(register: Register) -> Iterator[Mistake]:
    for system, tables in register.tables.items():
        for name, table in tables.items():
            at = f"tables.{system}.{name}"
            yield from _in_path(tables, name, table, at)
            if table.category not in register.categories:
                yield f"{at}.category", f"names {table.category}, which is not under [categories]"
                continue
            yield from _in_dates(register, system, name, table, at)
            yield from _in_columns(register, system, name, table, at)
            yield from _in_fixed(table, at)
            yield from _in_view(tables, table, at)
            yield from _in_emptied(tables, name, table, at)
            yield from _in_changed(register, system, name, table, at)


def _in_path(tables: Mapping[str, Table], name: str, table: Table, at: str) -> Iterator[Mistake]:
    if not table.key:
        yield f"{at}.key", "is empty: name the columns of the primary key"
    for kind in table.match:
        if kind not in KINDS:
            yield f"{at}.match.{kind}", f"is not something to find a person by; use {', '.join(KINDS)}"
    if not table.match and not table.via:
        yield at, "needs match (columns with identifiers of the person) or via (the way to the person)"
    for parent in table.parents:
        yield from _in_way(tables, name, parent, f"{at}.via")


def _in_way(tables: Mapping[str, Table], name: str, parent: str, at: str) -> Iterator[Mistake]:
    if parent not in tables:
        yield at, f"leads to {parent}, which is not a table of this system"
        return
    ends = {*_ends_of_ways(tables, parent, (name,))}
    if CIRCLE in ends:
        yield at, "goes round in a circle and never reaches the person"
    elif behind := tables[parent].view_of:
        yield at, f"leads to {parent}, a view: name {behind}, the table behind it"
    for end in sorted(end for end in ends if end in tables and not tables[end].match):
        yield at, f"ends at {end}, which has no match: it never reaches the person"
    way = tables[name].parents[parent]
    if len({*way.values()}) < len(way):
        yield at, f"leads to {parent} by {' and '.join(way)}: a row is of two people then; name one of these"


def _ends_of_ways(tables: Mapping[str, Table], name: str, seen: tuple[str, ...]) -> Iterator[str]:
    """The last tables on the ways to the person; CIRCLE of a way that never ends."""
    parents = tables[name].parents if name in tables else {}
    if name in seen or not parents:
        yield CIRCLE if name in seen else name
        return
    for parent in parents:
        yield from _ends_of_ways(tables, parent, (*seen, name))


def tables_named_twice(register: Register, place_of: Callable[[str], Hashable]) -> Iterator[Mistake]:
    """The same table under two names, such as Customer and customer, or under two systems that are one database.

    `place_of` tells which database a system is. Rows judged by two rules would go by the shorter.
    """
    seen: dict[Hashable, tuple[str, Table]] = {}
    for system, tables in register.tables.items():
        for name, table in tables.items():
            at = f"tables.{system}.{name}"
            if table.view_of:
                continue
            real = (table.table or name).lower()
            first_at, first = seen.setdefault((place_of(system), table.schema or "public", real), (at, table))
            if first_at != at and _rules_of(register, first) != _rules_of(register, table):
                yield at, f"is the table of {first_at}, and their categories have different rules"


def _rules_of(register: Register, table: Table) -> Hashable:
    """All that decides whether rows of a table may go."""
    category = register.categories.get(table.category)
    return category and (category.retention, category.erasure_ground, category.first, category.role)


def _in_dates(register: Register, system: str, name: str, table: Table, at: str) -> Iterator[Mistake]:
    rule = register.categories[table.category].retention
    if table.view_of or register.followed(system, name):
        return
    required, known = _anchors(rule)
    for anchor in sorted(required - set(table.dates)):
        yield f"{at}.dates", f"{anchor} is missing: name the column that holds this date"
    for anchor in sorted(set(table.dates) - known) if known else ():
        yield f"{at}.dates.{anchor}", f"is not a date of this rule; it takes {', '.join(sorted(known))}"


def _anchors(rule: str | Period) -> tuple[set[str], set[str]]:
    """The dates a rule cannot do without, and all that it knows."""
    if isinstance(rule, Period):
        return (set(), {EVENT}) if rule.until else ({PERIOD.anchor}, {PERIOD.anchor})
    if rule not in RULES:
        return set(), set()
    return set(RULES[rule].anchors), {*RULES[rule].anchors, *RULES[rule].optional_anchors}


def _in_columns(register: Register, system: str, name: str, table: Table, at: str) -> Iterator[Mistake]:
    tables = register.tables[system]
    # Rows that are not erased here stay, and may point at this table.
    children = [
        other
        for other, child in tables.items()
        if name in child.parents
        and name != other
        and not child.view_of
        and (child.read_only or name in child.other_parents or not _follows_alone(register, system, other, name))
    ]
    if children and table.keep_columns is None and table.is_erasable:
        yield (
            f"{at}.keep_columns",
            f"is missing: which columns do kept rows of {', '.join(sorted(children))} need ([] for the key only)",
        )


def _follows_alone(register: Register, system: str, name: str, parent: str) -> bool:
    """Whether the rows of a table are kept as long as those of one parent, and of no other."""
    followed = register.followed(system, name)
    return parent in followed and {parent, name}.issuperset(followed)


def _in_emptied(tables: Mapping[str, Table], name: str, table: Table, at: str) -> Iterator[Mistake]:
    """A row that stays without its content may not point at one that goes, and rows of others still find it."""
    left = {*table.key, *(table.keep_columns or ())}
    for parent, path in table.parents.items() if table.on_erasure == "empty" else ():
        still = sorted(left & path.keys())
        if still and parent in tables and tables[parent].on_erasure == "delete":
            yield (
                f"{at}.on_erasure",
                f"would leave {', '.join(still)}, which points at a row of {parent} that goes: let this row go as well",
            )
    others = [other.parents[name] for other in tables.values() if name in other.other_parents]
    pointed_at = {column for path in others for column in path.values()}
    for column in sorted(
        pointed_at & {*table.via, *table.dates.values()} - left if table.on_erasure == "empty" else ()
    ):
        yield f"{at}.keep_columns", f"does not name {column}, by which rows of others point at one that is emptied"


def _in_changed(register: Register, system: str, name: str, table: Table, at: str) -> Iterator[Mistake]:
    """What a row is known or reached by, and the dates that its retention counts from, stay as they are."""
    pointed_at = {c for t in register.tables[system].values() for c in t.parents.get(name, {}).values()}
    fixed = {*table.key, *table.via, *table.dates.values(), *table.masked, *pointed_at}
    for column in sorted(fixed & set(table.rectifiable)):
        yield f"{at}.rectifiable", f"names {column}: a key, a way to the person, a date or a mask cannot be corrected"
    mark = table.restricted.column if table.restricted else None
    if mark in {*fixed, *table.match.values(), *table.rectifiable}:
        yield f"{at}.restricted", f"marks {mark}, which the row is known by or which holds data of the person"


def _in_fixed(table: Table, at: str) -> Iterator[Mistake]:
    for column, value in table.fixed.items():
        unknown = set(re.findall(r"\{(\w+)\}", str(value))) - set(table.key)
        if unknown:
            yield f"{at}.fixed.{column}", f"names {', '.join(sorted(unknown))}, which is not a column of the key"
    for column, length in table.pseudonyms.items():
        if not SHORTEST_PSEUDONYM <= length <= LONGEST_PSEUDONYM:
            yield f"{at}.pseudonyms.{column}", f"must be {SHORTEST_PSEUDONYM} to {LONGEST_PSEUDONYM} characters long"
        if column in {*table.key, *table.fixed, *(table.keep_columns or ())}:
            yield f"{at}.pseudonyms.{column}", "stays as it is or has a fixed value already"
    if table.pseudonyms and table.on_erasure == "empty" and table.kept_as is None:
        yield f"{at}.kept_as", "is missing: a pseudonym remains personal data, so say in words what stays"


def _in_view(tables: Mapping[str, Table], table: Table, at: str) -> Iterator[Mistake]:
    if table.view_of and table.read_only:
        yield f"{at}.view_of", "and read_only: use one of the two"
    if table.view_of and table.view_of not in tables:
        yield f"{at}.view_of", f"names {table.view_of}, which is not a table of this system"
    elif table.view_of and not tables[table.view_of].is_erasable:
        yield f"{at}.view_of", f"names {table.view_of}, from which nothing is erased either"
    elif table.view_of:
        behind = {table.view_of, *tables[table.view_of].parents}
        for parent in sorted(set(table.parents) - behind):
            why = f"leads to {parent}, and {table.view_of} does not"
            yield f"{at}.via", f"{why}: give {table.view_of} that way too, or say read_only = true"
    changes = table.fixed or table.pseudonyms or table.on_erasure == "empty" or table.keep_columns is not None
    if not table.is_erasable and changes:
        yield at, "is never erased through, so keep_columns, fixed, pseudonyms and on_erasure say nothing"


def systems_named(register: Register) -> list[tuple[str, str, bool]]:
    """Every place that names a system, the system, and whether a person is to look there."""
    held = [
        (f"categories.{name}.held_in", system, True)
        for name, category in register.categories.items()
        for system in category.held_in
    ]
    by_hand = {system for _, system, _ in held}
    return [*held, *((f"tables.{system}", system, False) for system in register.tables if system not in by_hand)]


def wrong_kind(system: str, *, is_manual: bool, by_hand: bool) -> str:
    """Why a system does not fit the place that names it; empty where it does."""
    if is_manual and not by_hand:
        return f'names a manual system, which has no tables: a category names it, held_in = ["{system}"]'
    return f"{system} is a database: name its tables under [tables.{system}]" if by_hand and not is_manual else ""


def named_nowhere(register: Register) -> list[str]:
    """The categories of which nothing says where they are: nobody looks there, and an answer says so."""
    mapped = {table.category for tables in register.tables.values() for table in tables.values()}
    return [
        name
        for name, category in register.categories.items()
        if name not in mapped and not category.held_by and not register.turn_to(name, "nl")
    ]
