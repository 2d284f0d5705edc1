"""The timeline: a sentence for every event that the program records about a case."""

from __future__ import annotations

import ast
import uuid

from dsr.db.audit import AuditEntry
from dsr.templating import translations
from dsr.web.staff.timeline import SENTENCES, sentence
from tests.parts.source import python_files, tree
from tests.parts.store import NOW

NOOR = uuid.uuid4()


def entry(event: str, actor: str = str(NOOR), **details: object) -> AuditEntry:
    """An entry as it is read from the trail."""
    return AuditEntry(number=1, at=NOW, event=event, actor=actor, details=details)


def recorded_events() -> set[str]:
    """Every event about a case that is written anywhere in the program."""
    return {
        str(call.args[1].value)
        for path in [*python_files("dsr/services"), *python_files("dsr/jobs")]
        for call in ast.walk(tree(path))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "record"
        and any(keyword.arg == "case_id" for keyword in call.keywords)
        and isinstance(call.args[1], ast.Constant)
    }


def test_every_event_of_a_case_has_a_sentence() -> None:
    events = recorded_events()
    assert "case-taken" in events
    assert events - set(SENTENCES) == set()
    assert set(SENTENCES) - events == set()


def test_an_event_tells_who_did_it_in_the_language_of_the_reader() -> None:
    names = {NOOR: "Noor Bakker"}
    dutch = translations("nl").gettext
    assert sentence(entry("case-taken"), names) == "Noor Bakker took the case."
    assert sentence(entry("case-taken"), names, dutch) == "Noor Bakker nam de zaak op zich."
    moved = entry("status-changed", "worker", before="identifying", after="handling")
    assert sentence(moved, names, dutch) == "De stand werd: in behandeling (het programma)."
    noted = entry("rights-noted", rights=["access", "erasure"])
    assert sentence(noted, names, dutch) == "Noor Bakker noteerde de rechten: Inzage, Verwijdering."


def test_dates_and_counts_are_written_out() -> None:
    extended = entry("deadline-extended", due_on="2027-01-18")
    assert sentence(extended, {NOOR: "Noor Bakker"}) == "Noor Bakker extended the deadline to 2027-01-18."
    erased = entry("rows-erased", "worker", system="shop", erased={"a": 2, "b": 3}, changed={"c": 1}, is_observed=True)
    assert sentence(erased, {}) == "The erasure in shop was done; rows gone: 5, in part: 1."
