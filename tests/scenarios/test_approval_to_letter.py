"""From an approved plan to what the letter says of it, in a real database on every engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from dsr.db.cases import Case
from dsr.domain.answers import missing_parts
from dsr.domain.plans import Verdict
from dsr.domain.rights import Right
from dsr.jobs import work
from dsr.services import answers, plans
from tests.parts.shop import Workplace, identified_case
from tests.parts.store import NOW


def test_from_approval_to_letter_in_a_real_database(workplace: Workplace) -> None:
    case, handler, approver = identified_case(workplace, Right.ERASURE)
    settings = replace(
        workplace.context.settings, register=replace(workplace.context.settings.register, backup_days=30)
    )
    with workplace.transaction() as session:
        plans.propose(session, session.get_one(Case, case.id), {}, by=handler.id, now=NOW)
    work.run_all(workplace.context)
    with workplace.transaction() as session:
        plan = plans.current(session, case.id)
        assert plan
        plans.approve_plan(
            session,
            session.get_one(Case, case.id),
            plan.digest,
            by=approver.id,
            settings=workplace.context.settings,
            now=NOW,
        )
    work.run_all(workplace.context)
    with workplace.transaction() as session:
        facts = answers.facts_of(session, session.get_one(Case, case.id), settings=settings, now=NOW)
    assert missing_parts(facts) == ()
    assert [each.what for each in facts.erased] == [
        "Klantgegevens",
        "Facturen",
        "Vragen aan de helpdesk",
        "Nieuwsbrief",
    ]
    assert [(each.what, each.oldest_until, each.newest_until) for each in facts.kept] == [
        ("Facturen", date(2026, 12, 31), date(2031, 12, 31))
    ]
    assert {(each.what, each.verdict) for each in facts.not_erased} == {
        ("Klantgegevens", Verdict.FIRST),
        ("Facturen", Verdict.FIRST),
    }
