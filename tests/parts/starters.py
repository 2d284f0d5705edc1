"""A firm that began with a starter register: its database, and one person's requests carried through."""

from __future__ import annotations

import re
import sqlite3
import uuid
from collections.abc import Collection
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path
from typing import Any

from sqlalchemy import URL, create_engine

from dsr import paths
from dsr.connectors.registry import open_systems
from dsr.db.cases import Case
from dsr.domain.answer_check import missing_parts
from dsr.domain.notifications import Channel, State
from dsr.domain.plans import PlanRow, Verdict
from dsr.domain.register import ErasureGround
from dsr.domain.restriction import Weighed
from dsr.domain.rights import Outcome, Right
from dsr.jobs import work
from dsr.jobs.context import Context
from dsr.services import (
    answers,
    approvals,
    casework,
    copies,
    errand_answers,
    errands,
    notifications,
    objection,
    plans,
    restriction,
)
from dsr.services import work as asked
from dsr.services.errand_answers import Noted
from dsr.services.owners import OWNER
from tests.parts.paper import BINDER
from tests.parts.registers import load_register
from tests.parts.shop import Clock, Shop, Workplace, data_system, identified_case
from tests.parts.store import NOW, Store

SCHEMAS = Path(__file__).parents[1] / "registers"


def uncommented(label: str) -> str:
    """A starter as if every commented setting were set, but for a promise that it warns of."""
    text = paths.starter_registers()[label].read_text(encoding="utf-8")
    return re.sub(r"^# (?=[\w.]+ = |\[)(?!data_stays_in_eea)", "", text, flags=re.MULTILINE)


RIGHTS = (Right.MARKETING_OBJECTION, Right.ACCESS, Right.OBJECTION, Right.ERASURE)


def open_firm(label: str, folder: Path, store: Store, language: str = "nl", rights: Collection[Right] = RIGHTS) -> Firm:
    """The firm with its database, and Hanna, who asks for a copy, objects, wants no advertising and to be erased."""
    with sqlite3.connect(folder / "firm.db") as database:
        database.executescript((SCHEMAS / f"{label}.sql").read_text(encoding="utf-8"))
    (folder / "register.toml").write_text(uncommented(label), encoding="utf-8")
    register = load_register(folder / "register.toml")
    url = URL.create("sqlite", database=str(folder / "firm.db"))
    systems = dict.fromkeys(register.tables, data_system(url, folder))
    systems |= {system: BINDER for category in register.categories.values() for system in category.held_in}
    settings = replace(store.settings, register=register, systems=systems)
    clock = Clock()
    context = Context(store.transaction, settings, clock, open_systems(settings))
    workplace = Workplace(store, Shop(create_engine(url)), clock, context)
    case, handler, approver = identified_case(workplace, *rights)
    with workplace.transaction() as session:
        theirs = session.get_one(Case, case.id)
        theirs.language = language
        casework.stop_advertising(session, theirs, by=handler.id, now=NOW)
    return Firm(workplace, case.id, handler.id, approver.id)


@dataclass(frozen=True)
class Firm:
    """The office of the firm and the case of Hanna."""

    workplace: Workplace
    case_id: uuid.UUID
    handler: uuid.UUID
    approver: uuid.UUID

    def close(self) -> None:
        """Let go of the databases."""
        self.workplace.shop.engine.dispose()
        for system in self.workplace.context.systems.values():
            system.close()

    def rows(self, table: str) -> list[dict[str, Any]]:
        """A table of the firm."""
        return self.workplace.shop.rows(table)

    def everything(self) -> dict[str, list[dict[str, Any]]]:
        """The whole database of the firm."""
        (system,) = self.workplace.context.systems
        return {table: self.rows(table) for table in self.workplace.context.settings.register.tables[system]}

    def look_up(self, *noted: Noted) -> None:
        """The owners answer what they were asked: nothing, unless something is `noted`."""
        with self.workplace.transaction() as session:
            settings = self.workplace.context.settings
            for errand in errands.of_case(session, self.case_id):
                for each in noted:
                    errand_answers.note_item(session, errand, each, by=OWNER, settings=settings, now=NOW)
                errand_answers.finish_search(session, errand, is_nothing=not noted, by=OWNER, now=NOW)
        work.run_all(self.workplace.context)

    def copy(self, *noted: Noted) -> str:
        """The copy of art. 15(3), searched for, made and looked at: the words of its page."""
        with self.workplace.transaction() as session:
            for step in ("search", "copy"):
                asked.ask(session, self.case_id, step, by=self.handler, now=NOW)
        work.run_all(self.workplace.context)
        self.look_up(*noted)
        with self.workplace.transaction() as session:
            case, settings = session.get_one(Case, self.case_id), self.workplace.context.settings
            page = b"".join(copies.view_copy(session, case, by=self.handler, settings=settings, now=NOW)).decode()
            copies.release_copy(session, case, by=self.handler, settings=settings, now=NOW)
        return words(page)

    def plan(self, **decisions: dict[str, str | None]) -> list[PlanRow]:
        """The plan of an erasure, drawn up with these decisions of the handler."""
        with self.workplace.transaction() as session:
            case = session.get_one(Case, self.case_id)
            plans.propose(session, case, decisions, by=self.handler, now=NOW)
        work.run_all(self.workplace.context)
        return self.planned()

    def planned(self) -> list[PlanRow]:
        """The rows of the plan that waits for approval."""
        with self.workplace.transaction() as session:
            plan = plans.current(session, self.case_id)
            assert plan
            assert plan.state == "proposed", asked.of(session, self.case_id)["plan"].error
            return plans.planned_rows(plan)

    def withdraw_consent(self) -> set[str]:
        """What rested on the consent stops, and a plan is drawn up to erase it; the categories that stopped."""
        register = self.workplace.context.settings.register
        with self.workplace.transaction() as session:
            objection.stop_first(session, session.get_one(Case, self.case_id), register=register, now=NOW)
        work.run_all(self.workplace.context)
        with self.workplace.transaction() as session:
            case = session.get_one(Case, self.case_id)
            objection.plan_erasure(session, case, register=register, by=self.handler, now=NOW)
            stopped = {name for each in restriction.in_force(session, case.id) for name in each.categories}
        work.run_all(self.workplace.context)
        return stopped

    def erase(self, asked_by: Right = Right.ERASURE) -> Outcome:
        """The plan approved and carried out; how the right ended."""
        with self.workplace.transaction() as session:
            case, plan = session.get_one(Case, self.case_id), plans.current(session, self.case_id)
            assert plan
            settings = self.workplace.context.settings
            approvals.approve_plan(session, case, plan.digest, by=self.approver, settings=settings, now=NOW)
        work.run_all(self.workplace.context)
        with self.workplace.transaction() as session:
            rights = session.get_one(Case, self.case_id).rights
            (outcome,) = [right.result for right in rights if right.kind is asked_by]
            assert outcome, asked.of(session, self.case_id)["erase"].error
            return outcome

    def decide(self, right: Right, outcome: Outcome, reason: str) -> None:
        """What a handler decided about a right."""
        with self.workplace.transaction() as session:
            case = session.get_one(Case, self.case_id)
            casework.decide_right(session, case, right, outcome, reason, by=self.handler, now=NOW)

    def weigh_objection(self, result: Weighed, grounds: str) -> set[str]:
        """What the objection is about stops first, then the handler weighs it; the categories that stopped."""
        register = self.workplace.context.settings.register
        with self.workplace.transaction() as session:
            case = session.get_one(Case, self.case_id)
            objection.stop_first(session, case, register=register, now=NOW)
        work.run_all(self.workplace.context)
        with self.workplace.transaction() as session:
            case = session.get_one(Case, self.case_id)
            objection.weigh(session, case, result, grounds, by=self.handler, now=NOW)
            return {name for each in restriction.in_force(session, case.id) for name in each.categories}

    def recipients(self) -> dict[str, str]:
        """Who is to be told of the erasure, or was (art. 19): the name in the register, and how far that is."""
        with self.workplace.transaction() as session:
            found = notifications.of_case(session, self.case_id)
            return {each.recipient: each.state for each in found if each.kind is Right.ERASURE}

    def tell(self, *names: str) -> None:
        """The handler tells recipients through their portals; of those who get data on occasion, that they did."""
        for name in names:
            with self.workplace.transaction() as session:
                case = session.get_one(Case, self.case_id)
                theirs = [each for each in notifications.of_case(session, case.id) if each.recipient == name]
                (found,) = [each for each in theirs if each.kind is Right.ERASURE]
                if found.stage is State.ASKED:
                    notifications.say_received(session, case, found, has_received=True, by=self.handler, now=NOW)
                notifications.note_told(session, case, found, Channel.PORTAL, by=self.handler, now=NOW)

    def letter(self) -> str:
        """The words of the answer, which lacks nothing."""
        with self.workplace.transaction() as session:
            case, settings = session.get_one(Case, self.case_id), self.workplace.context.settings
            facts = answers.facts_of(session, case, settings=settings, now=NOW)
            assert missing_parts(facts) == ()
            return words(answers.compose_letter(session, case, settings=settings, now=NOW))


def done(ground: ErasureGround = ErasureGround.NOT_NEEDED) -> dict[str, str | None]:
    """The decision of a handler that a category may go: nothing comes first any more."""
    return {"ground": ground.value, "reason": None, "outstanding": None}


def verdicts(rows: list[PlanRow]) -> dict[str, set[Verdict]]:
    """Table -> the verdicts of its rows."""
    found: dict[str, set[Verdict]] = {}
    for row in rows:
        found.setdefault(row.table, set()).add(row.verdict)
    return found


def words(page: str) -> str:
    """What a page says, its marks and line ends taken out."""
    inline = re.sub(r"</?(?:b|span|wbr)\b[^>]*>", "", page)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", inline)).split())
