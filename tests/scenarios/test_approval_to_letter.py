"""From an approved plan to what the letter says of it, in a real database on every engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from dsr.db.cases import Case
from dsr.domain.answer_check import missing_parts
from dsr.domain.plans import Verdict
from dsr.jobs import work
from dsr.services import answers
from tests.parts.shop import Workplace
from tests.parts.store import NOW


def test_from_approval_to_letter_in_a_real_database(workplace: Workplace, approved: Case) -> None:
    settings = workplace.context.settings
    settings = replace(settings, register=replace(settings.register, backup_days=30))
    work.run_all(workplace.context)
    with workplace.transaction() as session:
        facts = answers.facts_of(session, session.get_one(Case, approved.id), settings=settings, now=NOW)
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
    assert {(each.what, each.verdict, each.is_part) for each in facts.not_erased} == {
        ("Klantgegevens (name, address)", Verdict.FIRST, False),
        ("Facturen", Verdict.FIRST, True),
    }
