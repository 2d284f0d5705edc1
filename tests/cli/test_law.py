"""The two commands that need nothing of ours: for machines a line in and a line out, for people words."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dsr.cli import main

DATA = Path(__file__).parents[1] / "data"
DEADLINES = json.loads((DATA / "deadlines.json").read_text("utf-8"))["vectors"]
RETENTIONS = json.loads((DATA / "retention.json").read_text("utf-8"))["vectors"]

RECEIVED = '{"received": "2026-01-31T10:00:00+01:00"'
ASKED = '"type": "suspension", "reason": "identity", "asked_at": "2026-02-02T10:00:00+01:00"'
FISCAL = '{"rule": "fiscal7", "inputs": {"document_date": "2019-03-05", "fiscal_year_start_month": 1}'


def run(*arguments: str, lines: list[str] | None = None) -> Result:
    return CliRunner().invoke(main, arguments, input="\n".join(lines or []), catch_exceptions=False)


def replies(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_deadlines_of_all_vectors() -> None:
    lines = [json.dumps({key: vector[key] for key in ("received", "events")}) for vector in DEADLINES]
    result = run("deadline", "--json", lines=lines)
    assert result.exit_code == 0
    assert len(replies(result)) == len(DEADLINES)
    for vector, reply in zip(DEADLINES, replies(result), strict=True):
        assert set(reply) == set(vector["expected"]) | {"steps"}
        assert reply["due"] == vector["expected"]["due"]
        assert all(set(step) == {"rule", "law", "from", "to", "why"} for step in reply["steps"])


def test_retention_of_all_vectors() -> None:
    lines = [json.dumps({key: vector[key] for key in ("rule", "inputs", "hold_until")}) for vector in RETENTIONS]
    result = run("retention", "--json", lines=lines)
    assert result.exit_code == 0
    assert replies(result) == [{**vector["expected"], "law": vector["law"]} for vector in RETENTIONS]


def test_the_steps_begin_with_the_month() -> None:
    (reply,) = replies(run("deadline", "--json", lines=[RECEIVED + ', "events": []}']))
    assert reply["steps"][0] == {
        "rule": "R1",
        "law": "Reg. 1182/71 art. 3(2)(c)",
        "from": "2026-01-31",
        "to": "2026-02-28",
        "why": "One month later. That month has no day 31, so its last day counts.",
    }
    assert reply["steps"][-1]["to"] == reply["due"] == "2026-03-02"


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("nonsense", "not valid JSON"),
        ("[" * 200_000, "not valid JSON"),
        ("1" * 5_000, "not valid JSON"),
        ("[]", "A JSON object is needed"),
        ("null", "A JSON object is needed"),
        ("{}", '"received" is missing'),
        ('{"received": null}', '"received" must be text'),
        ('{"received": "31 January"}', '"received" must be a time such as'),
        ('{"received": "2026-01-31"}', "has no UTC offset"),
        ('{"received": "2026-01-31T10:00:00"}', "has no UTC offset"),
        ('{"received": "2026-02-30T10:00:00Z"}', '"received" must be a time such as'),
        ('{"received": "9999-12-31T23:59:59Z"}', "The year 9999"),
        ('{"received": "0001-01-01T00:00:00+02:00"}', "The year 1 is"),
        (RECEIVED + ', "event": []}', '"event" is unknown'),
        (RECEIVED + ', "events": {}}', '"events" must be a list'),
        (RECEIVED + ', "events": [1]}', "An event needs"),
        (RECEIVED + ', "events": [{"type": "pause"}]}', "An event needs"),
        (RECEIVED + ', "events": [{"type": []}]}', "An event needs"),
        (RECEIVED + ', "events": [{"type": "answer_sent"}]}', '"at" is missing'),
        (RECEIVED + ', "events": [{"type": "answer_sent", "at": "2026-02-02"}]}', "has no UTC offset"),
        (RECEIVED + ', "events": [{' + ASKED + "}]}", '"valid_ground" is missing'),
        (RECEIVED + ', "events": [{' + ASKED + ', "valid_ground": 1, "without_undue_delay": true}]}', "true or false"),
        (RECEIVED + ', "\\ud800": 1}', "is unknown"),
    ],
)
def test_a_bad_deadline_line_gets_its_error_in_its_place(line: str, error: str) -> None:
    good = RECEIVED + "}"
    result = run("deadline", "--json", lines=[good, line, "", "  ", good])
    assert result.exit_code == 1
    first, refused, last = replies(result)
    assert first == last
    assert list(refused) == ["error"]
    assert error in refused["error"]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("{", "not valid JSON"),
        ('"fiscal7"', "A JSON object is needed"),
        ('{"rule": "fiscal7"}', '"inputs" is missing'),
        ('{"rule": 7, "inputs": {}}', '"rule" must be text'),
        ('{"rule": "fiscal8", "inputs": {}}', 'no retention rule "fiscal8"'),
        ('{"rule": "fiscal7", "inputs": []}', "A JSON object is needed"),
        ('{"rule": "fiscal7", "inputs": {}}', '"document_date" is missing'),
        ('{"rule": "fiscal7", "inputs": {"document_date": null}}', '"document_date" is missing'),
        ('{"rule": "fiscal7", "inputs": {"document_date": "soon"}}', "not a date of these centuries: 'soon'"),
        ('{"rule": "wwft5", "inputs": {"anchor_date": "9999-12-31"}}', "not a date of these centuries"),
        ('{"rule": "wwft5", "inputs": {"anchor_date": "2026-01-01", "date": 1}}', '"date" is unknown'),
        (FISCAL + ', "hold_until": "never"}', '"hold_until" is not a date'),
        (FISCAL + ', "hold": null}', '"hold" is unknown'),
        ('{"rule": "period", "inputs": {"start": "2026-01-01"}}', "A period needs"),
        ('{"rule": "period", "inputs": {"start": "2026-01-01", "days": 1e9}}', "whole number from 0 to 999"),
        ('{"rule": "period", "inputs": {"start": "2026-01-01", "days": 100000}}', "whole number from 0 to 999"),
    ],
)
def test_a_bad_retention_line_gets_its_error_in_its_place(line: str, error: str) -> None:
    result = run("retention", "--json", lines=[FISCAL + "}", line, FISCAL + ', "hold_until": null}'])
    assert result.exit_code == 1
    first, refused, last = replies(result)
    assert first == last
    assert list(refused) == ["error"]
    assert error in refused["error"]


def test_the_command_itself_answers_bytes_that_are_no_text() -> None:
    command = [sys.executable, "-m", "dsr", "deadline", "--json"]
    given = b'\xff\xfe\xfa\r\n{"received": "2026-01-31T10:00:00Z"}\r\n'
    done = subprocess.run(command, input=given, capture_output=True, check=False, cwd=DATA.parents[1])
    assert done.returncode == 1
    assert [next(iter(json.loads(line))) for line in done.stdout.splitlines()] == ["error", "received_local_date"]
    assert done.stderr == b""


def test_a_date_is_answered_in_words() -> None:
    result = run("deadline", "2026-01-31")
    assert result.exit_code == 0
    for words in (
        "Saturday 28 February 2026",
        "One month later. That month has no day 31, so its last day counts. (Reg. 1182/71 art. 3(2)(c))",
        "Not a working day (Saturday, Sunday)",
        "Monday 2 March 2026",
        "Tuesday 28 April 2026",
    ):
        assert words in result.stdout


def test_a_date_is_answered_in_dutch() -> None:
    words = run("deadline", "2027-11-26", "--lang", "nl").stdout
    assert "Geen werkdag (Tweede Kerstdag): de eerste werkdag erna. (Vo. 1182/71 art. 3 lid 4)" in words
    assert "maandag 27 december 2027" in words


def test_a_profile_and_an_instant_can_be_given() -> None:
    (reply,) = replies(run("deadline", "2026-03-02T23:30:00Z", "--profile", "nl_atw_full", "--json"))
    assert (reply["received_local_date"], reply["due"]) == ("2026-03-03", "2026-04-07")


def test_a_profile_counts_for_lines_too() -> None:
    line = '{"received": "2026-03-03T10:00:00Z"}'
    (reply,) = replies(run("deadline", "--json", "--profile", "nl_atw_full", lines=[line]))
    assert reply["due"] == "2026-04-07"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["deadline"], "Give a date"),
        (["deadline", "tomorrow"], "tomorrow"),
        (["deadline", "2026-02-30"], "2026-02-30"),
        (["deadline", "2026-01-31T10:00"], "has no UTC offset"),
        (["deadline", "0001-01-01"], "The year 1 is"),
        (["deadline", "2026-01-31", "--profile", "be"], "nl_strict"),
        (["retention", "fiscal8", "2019-03-05"], 'no retention rule "fiscal8"'),
        (["retention", "fiscal7"], '"document_date" is missing'),
        (["retention", "fiscal7", "soon"], "not a date of these centuries"),
    ],
)
def test_a_wrong_argument_is_refused_in_a_sentence(arguments: list[str], error: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert error in result.stderr


def test_a_rule_and_a_date_are_answered_in_words() -> None:
    words = run("retention", "fiscal7", "2019-03-05").stdout
    assert "AWR art. 52(4)" in words
    assert "Thursday 31 December 2026" in words
    assert "vrijdag 1 januari 2027" in run("retention", "fiscal7", "2019-03-05", "--lang", "nl").stdout


def test_a_rule_and_a_date_are_answered_in_json() -> None:
    (reply,) = replies(run("retention", "fiscal7", "2019-03-05", "--json"))
    assert reply["keep_through"] == "2026-12-31"


def test_without_a_rule_the_rules_are_named() -> None:
    words = run("retention").stdout
    assert {vector["rule"] for vector in RETENTIONS} <= {line.split()[0] for line in words.splitlines()}


@pytest.mark.parametrize("command", ["deadline", "retention"])
def test_help_explains_the_command(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert "--json" in result.stdout
