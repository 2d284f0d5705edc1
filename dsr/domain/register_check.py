"""What is wrong with a register, told all at once: each a key path and a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from dsr.domain.register import NOT_STATED, ErasureGround, Period, Register, Table
from dsr.domain.retention import PERIOD, RULES

Mistake = tuple[str, str]


def mistakes(register: Register) -> list[Mistake]:
    """Every mistake of the register that can be seen without opening a database."""
    return [*_in_categories(register), *_in_recipients(register), *_in_tables(register)]


def _in_categories(register: Register) -> Iterator[Mistake]:
    for name, category in register.categories.items():
        at = f"categories.{name}"
        for recipient in category.recipients:
            if recipient not in register.recipients:
                yield f"{at}.recipients", f"names {recipient}, which is not under [recipients]"
        rule = category.retention
        if isinstance(rule, str) and rule != NOT_STATED and rule not in RULES:
            yield f"{at}.retention", f'{rule} is not a rule; use one of {", ".join(RULES)}, a period, or "not-stated"'
        if category.erasure_ground is ErasureGround.NONE and not category.refusal_reason:
            yield f"{at}.refusal_reason", 'is missing: erasure_ground = "none" needs a reason to tell'


def _in_recipients(register: Register) -> Iterator[Mistake]:
    for name, recipient in register.recipients.items():
        if not recipient.inside_eea and recipient.safeguard is None:
            yield f"recipients.{name}.safeguard", "is missing: the recipient is outside the EEA (art. 15(2), 46)"


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


def _in_path(tables: Mapping[str, Table], name: str, table: Table, at: str) -> Iterator[Mistake]:
    if not table.key:
        yield f"{at}.key", "is empty: name the columns of the primary key"
    if not table.match and not table.via:
        yield at, "needs match (columns with identifiers of the person) or via (the way to the person)"
    if len({target.rpartition(".")[0] for target in table.via.values()}) > 1:
        yield f"{at}.via", "leads to more than one table"
    if table.parent and table.parent not in tables:
        yield f"{at}.via", f"leads to {table.parent}, which is not a table of this system"
    elif table.parent and _is_cycle(tables, name):
        yield f"{at}.via", "goes round in a circle and never reaches the person"


def _is_cycle(tables: Mapping[str, Table], name: str) -> bool:
    seen = set()
    current: str | None = name
    while current is not None and current in tables:
        if current in seen:
            return True
        seen.add(current)
        current = tables[current].parent
    return False


def _in_dates(register: Register, system: str, name: str, table: Table, at: str) -> Iterator[Mistake]:
    rule = register.categories[table.category].retention
    if rule == NOT_STATED or (table.parent in register.tables[system] and register.follows_parent(system, name)):
        return
    needed, known = _anchors(rule)
    for anchor in sorted(needed - set(table.dates)):
        yield f"{at}.dates", f"{anchor} is missing: name the column that holds this date"
    for anchor in sorted(set(table.dates) - known) if known else ():
        yield f"{at}.dates.{anchor}", f"is not a date of this rule; it takes {', '.join(sorted(known))}"


def _anchors(rule: str | Period) -> tuple[set[str], set[str]]:
    """The dates a rule cannot do without, and all that it knows."""
    if isinstance(rule, Period):
        return {PERIOD.anchor}, {PERIOD.anchor}
    if rule not in RULES:
        return set(), set()
    return set(RULES[rule].anchors), {*RULES[rule].anchors, *RULES[rule].optional_anchors}


def _in_columns(register: Register, system: str, name: str, table: Table, at: str) -> Iterator[Mistake]:
    tables = register.tables[system]
    children = [other for other, t in tables.items() if t.parent == name and not register.follows_parent(system, other)]
    if children and table.keep_columns is None:
        yield (
            f"{at}.keep_columns",
            f"is missing: which columns do kept rows of {', '.join(sorted(children))} need ([] for the key only)",
        )


def _in_fixed(table: Table, at: str) -> Iterator[Mistake]:
    for column, value in table.fixed.items():
        unknown = set(re.findall(r"\{(\w+)\}", str(value))) - set(table.key)
        if unknown:
            yield f"{at}.fixed.{column}", f"names {', '.join(sorted(unknown))}, which is not a column of the key"
