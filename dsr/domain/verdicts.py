"""What becomes of each row. Retention beats erasure (art. 17(3)(b)); a row that kept rows still need keeps only what
they need of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache, partial, reduce

from dsr.domain import retention
from dsr.domain.calendars import ONE_DAY
from dsr.domain.holds import why_held
from dsr.domain.plans import (
    CURRENT_VALUE,
    DATE_MISSING,
    DATE_UNREADABLE,
    EVENT,
    NOT_OURS,
    OTHERS_NEED,
    PARENT_ELSEWHERE,
    PSEUDONYM,
    READ_ONLY,
    SOFT_DELETED,
    Columns,
    Decision,
    Judgement,
    PlanRow,
    Row,
    Verdict,
)
from dsr.domain.register import Category, ErasureGround, Period, Register, Table
from dsr.domain.row_keys import Key, loosely


def judge(
    register: Register,
    system: str,
    rows: Iterable[Row],
    *,
    on: date,
    decisions: Mapping[str, Decision],
    fiscal_year_start_month: int = 1,
) -> list[PlanRow]:
    """The verdict for every row of one system on the day `on`; parents of kept rows keep the columns these need."""
    judging = _Judge(register, system, on, decisions, fiscal_year_start_month)
    by_table: dict[str, list[Row]] = {}
    for row in rows:
        by_table.setdefault(row.table, []).append(row)
    for name in register.nearest_first(system):
        judging.judge_table(name, by_table.get(name, []))
    for name in reversed(register.nearest_first(system)):
        judging.keep_what_is_needed(name)
    asked = (table for name, table in judging.judged.items() if judging.is_asked(name))
    return [found.plan_row for table in asked for found in table]


@dataclass(slots=True)
class _Judged:
    """`needed_by` is the row that needs it longest, where a duty of its own keeps it anyway."""

    row: Row
    plan_row: PlanRow
    needed_by: PlanRow | None = None

    @property
    def lends(self) -> PlanRow:
        """What those it points at stay for: its own duty, or that of a row that needs it longer."""
        return _later(self.plan_row, self.needed_by) if self.needed_by else self.plan_row


@dataclass(slots=True)
class _Judge:
    """The verdicts of one system, table by table from the person outwards."""

    register: Register
    system: str
    on: date
    decisions: Mapping[str, Decision]
    fiscal_year_start_month: int
    judged: dict[str, list[_Judged]] = field(default_factory=dict)
    parents: dict[tuple[str, tuple[str, ...]], dict[Key, list[_Judged]]] = field(default_factory=dict)

    def is_asked(self, name: str) -> bool:
        """Whether the rows of a table are to be decided on."""
        return self.decisions[self.register.tables[self.system][name].category].is_asked

    def judge_table(self, name: str, rows: Sequence[Row]) -> None:
        table = self.register.tables[self.system][name]
        if table.view_of:  # the rows it shows are judged in their own table
            return
        by_year = _counts_by_year(self.register.categories[table.category].retention)
        judgement = partial(self._judgement, name, table, by_year, {})
        if self.register.followed(self.system, name):
            judgement = partial(self._following, name, table, judgement)
        self.judged[name] = [
            _Judged(row, PlanRow(*judgement(row), row.key, digest))
            for row, digest in zip(rows, _fingerprints(table, rows), strict=True)
        ]

    def _judgement(self, name: str, table: Table, by_year: bool, known: dict[Key, Judgement], row: Row) -> Judgement:
        """The judgement by the dates of the row: of thousands of rows only a few differ in them."""
        dates = tuple([row.values[column] for column in table.dates.values()])
        if by_year:
            month = self.fiscal_year_start_month
            dates = tuple([_in_year(day, month) if type(day) is date else day for day in dates])
        if table.soft_deleted:
            dates = (*dates, table.is_soft_deleted(row.values))
        if dates not in known:
            known[dates] = self._new_judgement(name, table, row)
        return known[dates]

    def _new_judgement(self, name: str, table: Table, row: Row) -> Judgement:
        category = self.register.categories[table.category]
        kept, why = self._retention(category, table, row)
        verdict = self._weigh(table, row, kept, why)
        if verdict is Verdict.ERASE and (ground := self.decisions[table.category].hold):
            return self.system, table.category, name, Verdict.KEEP, None, None, None, None, why_held(ground), table.key
        if verdict in (Verdict.REFUSE, Verdict.FIRST):
            why = self._reason(category, table, verdict)
        elif verdict is not Verdict.PROTECTED and table.is_soft_deleted(row.values):
            why = SOFT_DELETED
        left = columns_left(self.register.tables[self.system], name) if verdict is Verdict.ERASE else None
        if left and table.pseudonyms:
            why = PSEUDONYM
        erase_from = kept.may_erase_from if kept else None
        through = erase_from and erase_from - ONE_DAY  # where something may be kept at most, not through that day
        rule = _rule_name(category)
        return self.system, table.category, name, verdict, rule, through, erase_from, left, why, table.key

    def _weigh(self, table: Table, row: Row, kept: retention.Retention | None, unknown: str | None) -> Verdict:
        decision = self.decisions[table.category]
        if not self.register.categories[table.category].is_ours:
            return Verdict.REFUSE
        if unknown:
            return Verdict.PROTECTED
        if decision.outstanding or self._has_current_value(table, row) or table.lacks(EVENT, row.values):
            return Verdict.FIRST
        if kept and self.on < kept.may_erase_from:
            return Verdict.KEEP
        if decision.ground is ErasureGround.NONE:
            return Verdict.REFUSE
        return Verdict.ERASE if table.is_erasable else Verdict.FIRST

    def _has_current_value(self, table: Table, row: Row) -> bool:
        """Whether the column that ends the current value of the record is still empty: an unpaid invoice."""
        rule = retention.RULES.get(str(self.register.categories[table.category].retention))
        return rule is not None and table.lacks(rule.later_anchor, row.values)

    def _reason(self, category: Category, table: Table, verdict: Verdict) -> str | None:
        decision = self.decisions[table.category]
        if not category.is_ours:
            return NOT_OURS
        if verdict is Verdict.REFUSE:
            return decision.reason
        if decision.outstanding or table.is_erasable:
            return decision.outstanding or (EVENT if category.ends_when else CURRENT_VALUE)
        return READ_ONLY

    def _retention(self, category: Category, table: Table, row: Row) -> tuple[retention.Retention | None, str | None]:
        if not category.is_dated:
            return None, None
        try:
            return self._retain(category.retention, table, row), None
        except retention.AnchorMissing:
            return None, DATE_MISSING
        except retention.AnchorUnreadable:
            return None, DATE_UNREADABLE

    def _retain(self, rule: str | Period, table: Table, row: Row) -> retention.Retention:
        inputs = {anchor: table.date_in(row.values, column) for anchor, column in table.dates.items()}
        if isinstance(rule, Period):
            return retention.retain_period(inputs.get(retention.PERIOD.anchor), rule)
        known: dict[str, object] = {anchor: value for anchor, value in inputs.items() if value is not None}
        known[retention.FISCAL_YEAR_START_MONTH] = self.fiscal_year_start_month
        return _retained(rule, tuple(known.items()))

    def _following(self, name: str, table: Table, alone: Callable[[Row], Judgement], row: Row) -> Judgement:
        found = [parent.plan_row for parent in self.parents_of(table, row)]
        parents = [parent for parent in found if parent.category == table.category]
        if not parents:
            return self._without_parent(name, table, alone(row), row)
        kept = [parent for parent in parents if parent.verdict is not Verdict.ERASE]
        followed = reduce(lambda one, other: other if _outlasts(other, one) else one, kept or parents)
        if followed.verdict is Verdict.ERASE and table.read_only:
            followed = followed._replace(verdict=Verdict.FIRST, why=READ_ONLY)
        left = columns_left(self.register.tables[self.system], name) if followed.verdict is Verdict.ERASE else None
        why = PSEUDONYM if left and table.pseudonyms else followed.why
        own = followed._replace(table=name, category=table.category, key_columns=table.key, columns_kept=left, why=why)
        return own.judgement

    def _without_parent(self, name: str, table: Table, alone: Judgement, row: Row) -> Judgement:
        """What it belongs to has the date, and was not found with the person: it is of somebody else, or gone."""
        ways = [table.parents[parent] for parent in self.register.followed(self.system, name)]
        is_elsewhere = any(None not in [row.values[column] for column in way] for way in ways)
        return (*alone[:8], PARENT_ELSEWHERE, alone[9]) if is_elsewhere and alone[8] == DATE_MISSING else alone

    def parents_of(self, table: Table, row: Row) -> list[_Judged]:
        """The judged rows that `row` belongs to: one by each way, unless that points at columns that are no key."""
        return [parent for name, way in table.parents.items() for parent in self._parents_by(name, way, row)]

    def _parents_by(self, name: str, way: Mapping[str, str], row: Row) -> list[_Judged]:
        columns = tuple(way.values())
        index = self.parents.setdefault((name, columns), {})
        if not index:
            for parent in self.judged.get(name, []):
                index.setdefault(loosely(parent.row.values[column] for column in columns), []).append(parent)
        return index.get(loosely(row.values[column] for column in way), [])

    def keep_what_is_needed(self, name: str) -> None:
        table = self.register.tables[self.system][name]
        for found in self.judged.get(name, []):
            if found.row.others_need:
                self._keep_for(found, _OF_OTHERS)
        for child in _different(table, self.judged.get(name, [])):
            for parent in self.parents_of(table, child.row):
                self._keep_for(parent, child.lends)

    def _keep_for(self, parent: _Judged, child: PlanRow) -> None:
        own = parent.plan_row
        if own.verdict is Verdict.ERASE:
            columns = columns_needed(self.register.tables[self.system], own.table)
            parent.plan_row = _lent(own, child)._replace(columns_kept=columns)
        elif own.columns_kept is not None:
            parent.plan_row = _later(own, child)
        elif parent.needed_by is None or _outlasts(child, parent.needed_by):
            parent.needed_by = child


def columns_needed(tables: Mapping[str, Table], name: str) -> Columns:
    """What stays of a row that kept rows need: its key, its way to the person, its dates, and what they use of it."""
    table = tables[name]
    pointed_at = [column for other in tables.values() for column in other.parents.get(name, {}).values()]
    needed = (*table.key, *table.via, *table.dates.values(), *pointed_at, *(table.keep_columns or ()))
    return tuple(dict.fromkeys(needed))


def columns_left(tables: Mapping[str, Table], name: str) -> Columns | None:
    """What an erasure leaves of a row that it empties: not even the way to the person or a date, unless the register
    says so. None where the row goes."""
    table = tables[name]
    if table.on_erasure == "delete":
        return None
    goes = {*table.via, *table.dates.values()} - {*table.key, *(table.keep_columns or ())}
    return tuple(column for column in columns_needed(tables, name) if column not in goes)


def _fingerprints(table: Table, rows: Sequence[Row]) -> list[str]:
    """Of the rows of a table, which have the same columns."""
    return table.fingerprints(tuple(rows[0].values), [tuple(row.values.values()) for row in rows]) if rows else []


def _in_year(day: date, fiscal_year_start_month: int) -> date:
    """A day that stands for all others of its calendar year, where that is the fiscal year too, or of its month."""
    return day.replace(day=1, month=1 if fiscal_year_start_month == 1 else day.month)


def _counts_by_year(rule: str | Period) -> bool:
    """Whether all days of a fiscal and calendar year have the same dates under a rule: it counts from their end."""
    found = retention.RULES.get(rule) if isinstance(rule, str) else None
    return found is not None and found.counted_from != "day" and found.bound != "max"


def _different(table: Table, children: Iterable[_Judged]) -> Iterable[_Judged]:
    """The rows that stay; of those that point at the same parent with the same judgement, one."""
    path = list(table.via)
    kept: dict[tuple[Key, Judgement], _Judged] = {}
    for child in children:
        if child.plan_row.verdict is not Verdict.ERASE:
            points_at = tuple([child.row.values[column] for column in path])
            kept.setdefault((points_at, child.lends.judgement), child)
    return kept.values()


@lru_cache(4_096)  # ten years of days under a few rules: most invoices share their day with another one
def _retained(rule: str, inputs: tuple[tuple[str, object], ...]) -> retention.Retention:
    return retention.retain(rule, dict(inputs))


def _rule_name(category: Category) -> str | None:
    if not category.is_dated:
        return None
    return "period" if isinstance(category.retention, Period) else category.retention


_OF_OTHERS = PlanRow("", "", "", Verdict.KEEP, None, None, None, None, OTHERS_NEED, (), (), "")
"""A row of somebody else: it stays until nobody knows when."""


def _lent(own: PlanRow, child: PlanRow) -> PlanRow:
    """A row with no duty of its own takes that of the row that needs it."""
    return own._replace(
        verdict=Verdict.KEEP,
        rule=child.rule,
        keep_through=child.keep_through if child.verdict is Verdict.KEEP else None,
        may_erase_from=_day(child),
        why=OTHERS_NEED if child.why == OTHERS_NEED else child.table,
    )


def _later(own: PlanRow, child: PlanRow) -> PlanRow:
    """The longer of two needs."""
    return _lent(own, child) if _outlasts(child, own) else own


def _outlasts(one: PlanRow, other: PlanRow) -> bool:
    """Whether a row stays longer than another one; without a date it stays until it has one."""
    day, other_day = _day(one), _day(other)
    return other_day is not None and (day is None or day > other_day)


def _day(row: PlanRow) -> date | None:
    return row.may_erase_from if row.verdict is Verdict.KEEP else None
