"""A correction does not wait for the last system: what had not answered is laid out when it does, and looked at too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, select

from dsr.config import DataSystem
from dsr.connectors.registry import open_systems
from dsr.db.audit import AuditEntry
from dsr.db.cases import Case
from dsr.db.plans import CasePlan
from dsr.domain.answer_check import missing_parts
from dsr.domain.answers import Facts, Tenor
from dsr.domain.rights import Outcome, Right
from dsr.jobs import work
from dsr.services import (
    answers,
    casework,
    corrections,
    errand_answers,
    errands,
    giving_up,
    notifications,
    rectification,
)
from tests.parts.corrections import CUSTOMER, approve, propose
from tests.parts.paper import BINDER, REGISTER_WITH_PAPER
from tests.parts.registers import load_register
from tests.parts.shop import Shop, Workplace, identified_case

pytestmark = pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)
MEMBERS = """
[recipients.bookkeeper]
name = "Boekhoudkantoor Dijkstra"
role = "processor"

[tables.club.member]
category = "customer"
key = ["id"]
match = { email = "email" }
rectifiable = ["street"]
column_labels = { street = { nl = "straat", en = "street" } }
"""
MEMBER = "2.0"
"""Her row on the sheet that comes after those of the shop."""
ALONE = "0.0"
"""The same, where that is the only sheet."""


@dataclass
class Club:
    """A second database, which can be away, and the case of Hanna who wants something corrected."""

    workplace: Workplace
    path: Path
    case: Case
    handler: Any
    approver: Any

    def run(self) -> None:
        """Whatever is due an hour later."""
        self.workplace.clock.now += timedelta(hours=1)
        work.run_all(self.workplace.context)

    def leave(self) -> None:
        """It does not answer any more."""
        self.workplace.context.systems["club"].close()
        self.path.rename(self.path.with_suffix(".away"))

    def come_back(self) -> None:
        """It answers again."""
        self.path.with_suffix(".away").rename(self.path)
        self.run()

    def streets(self) -> list[str]:
        """What it holds."""
        return [row["street"] for row in Shop(create_engine(f"sqlite:///{self.path}")).rows("member")]

    def ask(self) -> CasePlan:
        """Have the rows laid out."""
        with self.workplace.transaction() as session:
            own, now = session.get_one(Case, self.case.id), self.workplace.clock()
            rectification.ask_rows(session, own, by=self.handler.id, now=now)
        self.run()
        return self.plan()

    def correct(self, typed: dict[str, str]) -> None:
        """Type values, have them approved, and carry them out."""
        approve(self.workplace, self.case, propose(self.workplace, self.case, self.handler.id, typed), self.approver.id)
        self.run()

    def give_up(self, reason: str = "De ledenlijst bestaat niet meer.") -> None:
        """The handler goes on without it."""
        settings, now = self.workplace.context.settings, self.workplace.clock()
        with self.workplace.transaction() as session:
            own = session.get_one(Case, self.case.id)
            giving_up.give_up_system(session, own, "club", reason, by=self.handler.id, settings=settings, now=now)
        self.run()

    def answer_of_owner(self) -> None:
        """The owner of the binder has corrected it."""
        with self.workplace.transaction() as session:
            (errand,) = errands.of_case(session, self.case.id)
            now = self.workplace.clock()
            errand_answers.confirm_change(session, errand, ["quote"], "op de kaart", by="owner", now=now)
        self.run()

    def plan(self) -> CasePlan:
        """The newest plan."""
        with self.workplace.transaction() as session:
            return corrections.current(session, self.case.id) or pytest.fail("no plan")

    def laid_out(self) -> list[str]:
        """The systems whose rows can be corrected now."""
        return [sheet.system for sheet in rectification.sheets_of(self.plan())]

    def outcome(self) -> Outcome | None:
        """How the right ended."""
        with self.workplace.transaction() as session:
            return session.get_one(Case, self.case.id).rights[0].result

    def told(self, language: str) -> list[str]:
        """What recipients are to be told of the corrections."""
        with self.workplace.transaction() as session:
            found = notifications.of_case(session, self.case.id)
            words = [change.words for each in found for change in notifications.changes_of(each)]
            return [each.in_language(language) for each in words if each]

    def letter(self) -> Facts:
        """What the letter says."""
        settings, now = self.workplace.context.settings, self.workplace.clock()
        with self.workplace.transaction() as session:
            return answers.facts_of(session, session.get_one(Case, self.case.id), settings=settings, now=now)


@pytest.fixture
def club(workplace: Workplace) -> Iterator[Club]:
    """The shop and a club, each with an address of Hanna."""
    settings = workplace.context.settings
    path, register = settings.base / "club.db", settings.base / "register.toml"
    database = Shop(create_engine(f"sqlite:///{path}"))
    database.run("CREATE TABLE member (id INTEGER PRIMARY KEY, email VARCHAR(80), street VARCHAR(80))")
    database.run("INSERT INTO member VALUES (1, 'hanna@example.org', 'Sluisweg 3')")
    database.engine.dispose()
    told = '[categories.customer]\nrecipients = ["bookkeeper"]\n'
    register.write_text(REGISTER_WITH_PAPER.replace("[categories.customer]\n", told) + MEMBERS)
    systems = {**settings.systems, "club": DataSystem(engine="sqlite", path=str(path)), "binder": BINDER}
    settings = replace(settings, systems=systems, register=load_register(register))
    context = replace(workplace.context, settings=settings, systems=open_systems(settings))
    yield Club(replace(workplace, context=context), path, *identified_case(workplace, Right.RECTIFICATION))
    for system in context.systems.values():
        system.close()


def test_what_answered_is_corrected_and_the_rest_when_it_answers(club: Club) -> None:
    club.leave()
    assert club.ask().outstanding == ["club"]
    assert club.laid_out() == ["shop", "shop"]
    club.correct({f"{CUSTOMER}.address": "Dorpsstraat 1"})
    assert club.workplace.shop.rows("customer")[0]["address"] == "Dorpsstraat 1"
    assert (club.plan().state, club.outcome()) == ("executed", None)

    club.come_back()
    assert (club.plan().state, club.plan().outstanding, club.laid_out()) == ("open", [], ["club"])
    club.correct({f"{ALONE}.street": "Dorpsstraat 1"})
    assert club.streets() == ["Dorpsstraat 1"]
    assert (club.plan().state, club.outcome()) == ("executed", Outcome.FULFILLED)
    assert [each.column for each in club.letter().rectified.corrected] == ["adres", "straat"]
    assert club.told("nl") == ["adres: Sluisweg 3 → Dorpsstraat 1", "straat: Sluisweg 3 → Dorpsstraat 1"]
    assert club.told("en") == ["address: Sluisweg 3 → Dorpsstraat 1", "street: Sluisweg 3 → Dorpsstraat 1"]


def test_what_holds_nothing_of_the_person_concludes_the_correction_as_it_answers(club: Club) -> None:
    Shop(create_engine(f"sqlite:///{club.path}")).run("DELETE FROM member")
    club.leave()
    club.ask()
    club.correct({f"{CUSTOMER}.address": "Dorpsstraat 1"})
    assert club.outcome() is None
    club.come_back()
    assert (club.plan().number, club.plan().outstanding, club.outcome()) == (1, [], Outcome.FULFILLED)


def test_what_answers_while_values_are_typed_must_be_looked_at_too(club: Club) -> None:
    club.leave()
    club.ask()
    seen = len(club.laid_out())
    club.come_back()
    assert club.laid_out() == ["shop", "shop", "club"]
    typed = {f"{CUSTOMER}.address": "Dorpsstraat 1", f"{MEMBER}.street": "Dorpsstraat 1"}
    with pytest.raises(rectification.MoreRows):
        propose(club.workplace, club.case, club.handler.id, typed, seen=seen)
    club.correct(typed)
    assert club.streets() == ["Dorpsstraat 1"]
    assert club.outcome() is Outcome.FULFILLED


def test_the_letter_waits_for_what_is_outstanding(club: Club) -> None:
    club.leave()
    club.ask()
    with club.workplace.transaction() as session:
        own, now = session.get_one(Case, club.case.id), club.workplace.clock()
        right, done = Right.RECTIFICATION, Outcome.FULFILLED
        casework.decide_right(session, own, right, done, "Verbeterd.", by=club.handler.id, now=now)
    assert [str(each) for each in missing_parts(club.letter())] == [
        "The correction does not reach this system yet: club."
    ]
    club.come_back()
    assert missing_parts(club.letter()) == ()


def test_while_nothing_answers_the_rows_are_still_asked_for(club: Club) -> None:
    club.leave()
    shop = Path(str(club.workplace.context.settings.systems["shop"].path))
    club.workplace.context.systems["shop"].close()
    away = shop.rename(shop.with_suffix(".away"))
    assert (club.ask().state, club.plan().outstanding) == ("asked", ["club", "shop"])
    away.rename(shop)
    club.run()
    assert (club.plan().state, club.plan().outstanding) == ("open", ["club"])


def test_what_answers_while_an_owner_is_awaited_is_laid_out(club: Club) -> None:
    club.leave()
    club.ask()
    club.correct({f"{CUSTOMER}.address": "Dorpsstraat 1", "by-hand.binder": "yes"})
    assert club.plan().state == "approved"
    club.come_back()
    assert (club.plan().number, club.plan().state, club.laid_out()) == (2, "open", ["club"])
    club.correct({f"{ALONE}.street": "Dorpsstraat 1"})
    assert club.streets() == ["Dorpsstraat 1"]
    assert club.outcome() is None
    club.answer_of_owner()
    assert club.outcome() is Outcome.FULFILLED
    assert {each.column for each in club.letter().rectified.corrected} >= {"adres", "straat"}


def test_a_database_that_never_answers_is_given_up_and_named(club: Club) -> None:
    club.leave()
    club.ask()
    club.correct({f"{CUSTOMER}.address": "Dorpsstraat 1"})
    with pytest.raises(casework.NotPossible):
        club.give_up(" ")
    assert club.outcome() is None
    club.give_up()
    assert (club.plan().outstanding, club.outcome()) == ([], Outcome.PARTLY_FULFILLED)
    letter = club.letter()
    assert [(each.where, each.why) for each in letter.given_up] == [("club", "De ledenlijst bestaat niet meer.")]
    assert (letter.tenor, missing_parts(letter)) == (Tenor.PARTLY, ())


def test_what_was_agreed_on_and_cannot_be_done_is_not_told_as_done(club: Club) -> None:
    club.ask()
    plan = propose(club.workplace, club.case, club.handler.id, {f"{MEMBER}.street": "Dorpsstraat 1"})
    club.leave()
    approve(club.workplace, club.case, plan, club.approver.id)
    club.run()
    assert club.plan().state == "approved"
    club.give_up()
    assert (club.plan().state, club.outcome()) == ("executed", Outcome.REFUSED)
    with club.workplace.transaction() as session:
        plan = session.get_one(CasePlan, plan.id)
        assert (corrections.given_up_of(plan), corrections.standing(plan).changes) == (["club"], [])
        assert [execution.is_observed for execution in plan.executions] == [False]
        assert "rows-corrected" not in session.scalars(select(AuditEntry.event)).all()
    assert club.letter().rectified.corrected == ()


def test_a_database_that_was_given_up_can_be_asked_again(club: Club) -> None:
    club.leave()
    club.ask()
    club.give_up()
    assert club.laid_out() == ["shop", "shop"]
    with club.workplace.transaction() as session:
        own, now = session.get_one(Case, club.case.id), club.workplace.clock()
        giving_up.ask_again(session, own, "club", by=club.handler.id, now=now)
    club.come_back()
    club.ask()
    assert club.laid_out() == ["shop", "shop", "club"]


def test_only_what_is_waited_for_in_vain_is_given_up(club: Club) -> None:
    club.ask()
    with pytest.raises(casework.NotPossible):
        club.give_up()
