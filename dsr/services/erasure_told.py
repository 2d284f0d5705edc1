"""What an erasure came to, for the letter: from its receipts and the ledger, in the words of the register."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.orm import Session

from dsr.db.cases import Case
from dsr.db.notices import Task
from dsr.db.plans import CasePlan, Execution, LedgerEntry
from dsr.domain.answers import Erased, Kept, NotErased
from dsr.domain.calendars import local_date
from dsr.domain.holds import HoldGround, noted_ground
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
    PlanRow,
    Verdict,
)
from dsr.domain.register import Register, Table
from dsr.domain.retention import duty_named
from dsr.domain.row_keys import Key
from dsr.domain.wording import N_
from dsr.services import kept as kept_earlier
from dsr.services import plans
from dsr.services.executions import BY_HAND
from dsr.services.retention import kept_rows
from dsr.templating import translations

HELD = {
    HoldGround.LEGAL_CLAIM: N_("We keep this for a legal claim, as long as that runs (art. 17(3)(e) GDPR)."),
    HoldGround.DISPUTE: N_("We keep this because of a dispute, as long as that runs (art. 17(3)(e) GDPR)."),
    HoldGround.INQUIRY: N_("We keep this for an inquiry by an authority, as long as that runs (art. 17(3)(b) GDPR)."),
}
"""What the person is told of a hold; why it was placed stays with us."""
_SENTENCES = {
    READ_ONLY: N_("We still have to erase this by hand."),
    PARENT_ELSEWHERE: N_(
        "Until when we keep this depends on something that we did not find with you, such as an order of somebody else."
    ),
    OTHERS_NEED: N_("This is still needed for data of somebody else. We erase it once those data are gone."),
}
_CODES = (DATE_MISSING, DATE_UNREADABLE, CURRENT_VALUE)


def _is_told(row: PlanRow, plan: CasePlan) -> bool:
    """Whether a planned row has its place in the letter: in a database that was given up only a refusal stands."""
    lost = (execution.system for execution in plan.executions if execution.is_lost)
    return row.verdict is Verdict.REFUSE or row.system not in lost


class Erasure:
    """What an erasure plan came to, in the words of the register."""

    def __init__(self, session: Session, case: Case, plan: CasePlan, register: Register) -> None:
        self._register, self._language = register, case.language
        series = plans.series(session, plan)
        standing = [(each, plans.rows_of(plans.parts_standing(each))) for each in series]
        planned = [(each, [row for row in rows if _is_told(row, each)]) for each, rows in standing]
        # A plan that was voided halfway did what its receipts say.
        earlier = [(each, plans.rows_of(left)) for each, left in plans.remaining(session, plan, *plans.ERASING)]
        whole = [each for each, _ in [*planned, *earlier]]
        self._planned = [row for _, rows in planned for row in rows]
        self._rows = [row for _, rows in [*planned, *earlier] for row in rows]
        self._receipts = {system for each in series for system in each.systems_done}
        self._done = {system for each in whole for system in each.systems_done}
        self.outstanding = plan.outstanding if plan.state != plans.DROPPED else []
        self._executions = [done for each in whole for done in each.executions if done.state == "done"]
        of_plan = select(LedgerEntry).where(LedgerEntry.plan_id.in_(each.id for each in whole))
        self._ledger = list(session.scalars(of_plan.order_by(LedgerEntry.category, LedgerEntry.table)))
        self._left_to_later = {each.entry.category for each in kept_earlier.of_person(session, case)}
        asked = select(Task).where(Task.key.in_(f"{BY_HAND}:{each.id}" for each in whole))
        self._by_hand = {uuid.UUID(task.facts["plan"]): task for task in session.scalars(asked)}
        self._asked_by = {
            (row.system, row.table, row.key_values): each.id
            for each, rows in [*planned, *earlier]
            for row in rows
            if row.why == READ_ONLY
        }
        newest = [found for right in plans.ERASING if (found := plans.current(session, case.id, right))]
        self.dropped = [each for each in newest if each.state == plans.DROPPED]

    def erased(self) -> Iterator[Erased]:
        pseudonyms = {row.category for row in self._rows if row.why == PSEUDONYM}
        for category, done_on in self._categories_erased().items():
            parts = [entry for entry in self._shown_ledger() if entry.category == category and self._stays(entry)]
            yield Erased(
                self._label(category),
                done_on,
                is_part=bool(parts) or category in pseudonyms | self._left_to_later | self._cut_short,
                remainder=next((words for entry in parts if (words := self._kept_as(entry))), None),
            )

    @cached_property
    def _cut_short(self) -> set[str]:
        """The categories of which rows stay, or may stay, since a plan was dropped."""
        told = {(row.system, row.table, row.key_values) for row in self._rows}
        stays = (row for plan in self.dropped for row in plans.planned_rows(plan))
        unknown = [self._register.tables.get(system, {}) for plan in self.dropped for system in plan.outstanding]
        return {row.category for row in stays if (row.system, row.table, row.key_values) not in told} | {
            table.category for tables in unknown for table in tables.values()
        }

    def _categories_erased(self) -> dict[str, date]:
        """Category -> the last day on which rows of it went."""
        found: dict[str, date] = {}
        categories = {(row.system, row.table): row.category for row in self._rows}
        for execution in self._executions:
            for table in self._changed_tables(execution):
                category = categories.get((execution.system, table), "")
                if execution.done_at and self._is_shown(category):
                    found[category] = max(local_date(execution.done_at), found.get(category, date.min))
        for row in self._rows:
            if self._is_erased_by_hand(row) and self._is_shown(row.category):
                found[row.category] = max(self._erased_by_hand_on(row), found.get(row.category, date.min))
        for entry in self._ledger:
            if entry.erased_at and self._is_shown(entry.category):
                found[entry.category] = max(local_date(entry.erased_at), found.get(entry.category, date.min))
        return {name: found[name] for name in self._register.categories if name in found}

    def _stays(self, entry: LedgerEntry) -> bool:
        return entry.why != READ_ONLY or self._erased_by_hand_on(entry) == date.min

    def _is_erased_by_hand(self, row: PlanRow) -> bool:
        """Whether a handler said that it was erased in the system itself."""
        return row.why == READ_ONLY and self._erased_by_hand_on(row) != date.min

    def _erased_by_hand_on(self, row: PlanRow | LedgerEntry) -> date:
        task = self._task_of(row)
        return local_date(task.done_at) if task and task.done_at and not task.is_left else date.min

    def _task_of(self, row: PlanRow | LedgerEntry) -> Task | None:
        """The task to erase it by hand."""
        if isinstance(row, LedgerEntry):
            return self._by_hand.get(row.plan_id)
        asked_by = self._asked_by.get((row.system, row.table, row.key_values))
        return self._by_hand.get(asked_by) if asked_by else None

    def _changed_tables(self, execution: Execution) -> list[str]:
        return [table for table, count in {**execution.changed, **execution.erased}.items() if count]

    def kept(self) -> Iterator[Kept]:
        groups: dict[tuple[str, str | None, str | None], list[LedgerEntry]] = {}
        for entry in self._shown_ledger():
            if entry.verdict == Verdict.KEEP and entry.keep_through:
                groups.setdefault((entry.category, entry.rule, self._part_in_words(entry)), []).append(entry)
        for (category, rule, part), entries in groups.items():
            yield self._kept(part or self._label(category), rule, entries)

    def _kept(self, what: str, rule: str | None, entries: list[LedgerEntry]) -> Kept:
        days = [entry.keep_through for entry in entries if entry.keep_through]
        duty = duty_named(rule)
        law, years = (duty.law, duty.years) if duty else (None, 0)
        needed_by = self._needed_by(entries[0]) if entries[0].columns_kept is not None else ()
        return Kept(what, rule, law, years, min(days), max(days), needed_by)

    def _part_in_words(self, entry: LedgerEntry | PlanRow) -> str | None:
        """What stays of rows that keep only some columns."""
        if entry.columns_kept is None:
            return None
        if words := self._kept_as(entry):
            return words[0].upper() + words[1:]
        table = self._table(entry)
        if table is None:
            return self._label(entry.category)
        kept = (column for column in entry.columns_kept if column not in {*table.key, *table.via})
        columns = ", ".join(table.column_named(column, self._language) for column in kept)
        return f"{self._label(entry.category)} ({columns})" if columns else self._label(entry.category)

    def _kept_as(self, entry: LedgerEntry | PlanRow) -> str | None:
        table = self._table(entry)
        words = table.kept_as if table else None
        return words.in_language(self._language) if words and entry.columns_kept is not None else None

    def _table(self, entry: LedgerEntry | PlanRow) -> Table | None:
        """What the register says of it, unless it left the register since."""
        return self._register.tables.get(entry.system, {}).get(entry.table)

    def _needed_by(self, entry: LedgerEntry) -> tuple[str, ...]:
        """The categories, still kept, whose rows belong to these."""
        of_system = (other for other in self._shown_ledger() if other.system == entry.system)
        children = [other for other in of_system if (table := self._table(other)) and entry.table in table.parents]
        return tuple(dict.fromkeys(self._label(child.category) for child in children))

    def not_erased(self) -> Iterator[NotErased]:
        stays: dict[tuple[str, Verdict, str | None], PlanRow] = {}
        fates: dict[str, set[tuple[Verdict, str | None] | None]] = {}
        for row in self._rows:
            if self._is_shown(row.category):
                fate = (self._verdict(row), self._reason(row)) if self._stays_undated(row) else None
                fates.setdefault(row.category, set()).add(fate)
                if fate:
                    stays[self._part_in_words(row) or self._label(row.category), *fate] = row
        for (what, verdict, reason), row in stays.items():
            duty, is_part = duty_named(row.rule), row.columns_kept is None and len(fates[row.category]) > 1
            yield NotErased(what, verdict, reason, duty.law if duty else None, is_part)

    def _stays_undated(self, row: PlanRow) -> bool:
        if not self._has_no_last_day(row) or row.why == NOT_OURS or self._is_erased_by_hand(row):
            return False
        is_left = row.verdict is Verdict.REFUSE or row.system not in self._done
        return is_left or (row.system, row.table, row.key_values) in self._in_ledger

    @cached_property
    def _in_ledger(self) -> set[tuple[str, str, Key]]:
        """The rows that have not gone since: on their day, or once nobody held them any more."""
        kept = (entry for entry in self._ledger if entry.state != "erased")
        return {(entry.system, entry.table, key) for entry in kept for key in kept_rows(entry)}

    def leaves_more(self) -> bool:
        """Whether a system has not answered, or rows stay because another controller decides on them, or may stay that
        nobody can name any more."""
        return bool(self.outstanding or self.unnamed()) or any(
            row.why == NOT_OURS and self._is_shown(row.category) for row in self._rows
        )

    def unnamed(self) -> list[str]:
        """The categories of its rows that left the register since: the letter has no words for them."""
        return sorted({row.category for row in self._rows} - self._register.categories.keys())

    def _has_no_last_day(self, row: PlanRow) -> bool:
        return row.verdict not in (Verdict.ERASE, Verdict.KEEP) or (
            row.verdict is Verdict.KEEP and row.keep_through is None
        )

    def _verdict(self, row: PlanRow) -> Verdict:
        """A row that is needed by one without a last day waits for it."""
        return Verdict.FIRST if row.verdict is Verdict.KEEP else row.verdict

    def _reason(self, row: PlanRow) -> str | None:
        category = self._register.categories[row.category]
        if ground := noted_ground(row.why):
            return translations(self._language).gettext(HELD[ground])
        if row.why in _CODES or (row.verdict is Verdict.KEEP and row.why != OTHERS_NEED):
            return None
        if row.why == EVENT and category.ends_when:
            sentence = translations(self._language).gettext(N_("We keep this until %(event)s."))
            return sentence % {"event": category.ends_when.in_language(self._language)}
        task = self._task_of(row)
        if task and task.is_left:
            reason: str | None = task.reason
            return reason
        if row.why in _SENTENCES:
            return translations(self._language).gettext(_SENTENCES[row.why])
        return category.retold(row.why, self._language)

    def systems_without_receipt(self) -> Iterator[str]:
        """Systems in which something had to be changed and no receipt says that it was."""
        planned = {row.system for row in self._planned if row.verdict is Verdict.ERASE or row.columns_kept is not None}
        yield from sorted(planned - self._receipts)

    def tables_without_entry(self) -> Iterator[str]:
        """Tables of which rows are kept, and no receipt put them into the ledger, so that they go one day."""
        kept = (row for row in self._planned if row.verdict is Verdict.KEEP and row.system not in self._receipts)
        yield from sorted({f"{row.system}.{row.table}" for row in kept})

    def _shown_ledger(self) -> list[LedgerEntry]:
        return [entry for entry in self._ledger if entry.state != "erased" and self._is_shown(entry.category)]

    def _is_shown(self, category: str) -> bool:
        """Whether it may be told; what left the register since has no words, and may have been confidential."""
        known = self._register.categories.get(category)
        return known is not None and not known.confidential

    def _label(self, category: str) -> str:
        return self._register.categories[category].label.in_language(self._language)
