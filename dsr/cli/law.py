"""Commands that compute the law; they need no configuration and serve machines as well as people."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import partial
from typing import Any

import click

from dsr.domain import deadlines, retention
from dsr.domain.calendars import AMSTERDAM, Profile
from dsr.domain.deadlines import Clock
from dsr.domain.errors import DomainError
from dsr.domain.records import BadRecord
from dsr.domain.retention import Retention
from dsr.domain.wording import N_
from dsr.templating import LANGUAGES, date_long, translations

PROFILES = [profile.value for profile in Profile]

as_json = click.option("--json", "as_json", is_flag=True, help="A JSON object a line in, a JSON object a line out.")
language = click.option("--lang", type=click.Choice(LANGUAGES), default="en", help="The language of the words.")


@click.command()
@click.argument("when", required=False, metavar="[DATE-OR-INSTANT]")
@click.option("--profile", type=click.Choice(PROFILES), default=PROFILES[0], help="The holidays that count.")
@language
@as_json
def deadline(when: str | None, profile: str, lang: str, as_json: bool) -> None:
    """Say when a request is due, and why.

    It was received on the date, or at the instant with a UTC offset, that is given.

    With --json and no date: records in the form {"received": ..., "events": [...]} on standard input, a line each.
    The exit status is 1 when a line was refused.
    """
    if when is not None:
        _show_clock(_clock_of(when, Profile(profile)), lang, as_json)
    elif as_json:
        answer_lines(lambda record: deadlines.from_record(record, Profile(profile)).to_record())
    else:
        raise click.UsageError("Give a date, or --json and records on standard input.")


@click.command("retention")
@click.argument("rule", required=False)
@click.argument("anchor", required=False)
@language
@as_json
def retention_command(rule: str | None, anchor: str | None, lang: str, as_json: bool) -> None:
    """Say how long a record is kept, or name the rules.

    It is kept under RULE, counted from the date ANCHOR.

    With --json and no rule: records in the form {"rule": ..., "inputs": {...}, "hold_until": ...} on standard input,
    a line each. The exit status is 1 when a line was refused.
    """
    if rule is not None:
        _show_retention(rule, anchor, lang, as_json)
    elif as_json:
        answer_lines(retention.from_record)
    else:
        _show_rules(lang)


def answer_lines(answer: Callable[[object], dict[str, Any]]) -> None:
    """Answer every JSON line of standard input with one line; exit with 1 if one of them had to be refused."""
    refused = False
    for line in sys.stdin.buffer:
        if line.strip():
            reply = _answer(line, answer)
            refused = refused or "error" in reply
            click.echo(json.dumps(reply))
    sys.exit(refused)


def _answer(line: bytes, answer: Callable[[object], dict[str, Any]]) -> dict[str, Any]:
    try:
        return answer(_parse(line))
    except DomainError as error:
        return {"error": str(error)}


def _parse(line: bytes) -> object:
    try:
        return json.loads(line)
    # Nesting too deep to read is as much a bad line as a missing bracket.
    except (ValueError, RecursionError):
        raise BadRecord(N_("This line is not valid JSON.")) from None


def _clock_of(when: str, profile: Profile) -> Clock:
    try:
        return deadlines.compute(_instant(when), profile=profile)
    except DomainError as error:
        raise click.BadParameter(str(error), param_hint="DATE-OR-INSTANT") from None


def _instant(when: str) -> datetime:
    try:
        instant = datetime.fromisoformat(when)
    except ValueError:
        raise click.BadParameter(f"{when} is not a date.", param_hint="DATE-OR-INSTANT") from None
    return instant.replace(hour=12, tzinfo=AMSTERDAM) if len(when) == len("2026-01-31") else instant


def _show_clock(clock: Clock, lang: str, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(clock.to_record()))
        return
    say, write_date = translations(lang).gettext, partial(date_long, language=lang)
    for number, step in enumerate(clock.steps, start=1):
        click.echo(f"{number}  {write_date(step.end)}\n   {step.say(say, write_date)} ({say(step.law)})")
    click.echo()
    _show_dates(
        {
            N_("Last day to answer"): clock.due,
            N_("Internal target"): clock.safe_target,
            N_("Last day to refuse"): clock.refusal_notice_latest,
            N_("Last day to announce an extension"): clock.extension_notice_latest,
            N_("Last day if extended"): clock.extended_due_if_extended_in_time,
        },
        lang,
    )


def _show_retention(rule: str, anchor: str | None, lang: str, as_json: bool) -> None:
    say = translations(lang).gettext
    try:
        kept = _retain(rule, anchor)
    except DomainError as error:
        raise click.UsageError(error.say(say)) from None
    if as_json:
        click.echo(json.dumps(kept.to_record()))
        return
    click.echo(f"{say(retention.RULES[rule].text)} ({say(kept.law)})\n")
    _show_dates(
        {
            N_("Keep through"): kept.keep_through,
            N_("May be erased from"): kept.may_erase_from,
            N_("Must be erased from"): kept.must_erase_from,
        },
        lang,
    )


def _retain(name: str, anchor: str | None) -> Retention:
    rule = retention.RULES.get(name)
    return retention.retain(name, dict.fromkeys(rule.anchors if rule else (), anchor))


def _show_rules(lang: str) -> None:
    say = translations(lang).gettext
    for rule in retention.RULES.values():
        click.echo(f"{rule.name:20}  {say(rule.text)} ({say(rule.law)})")


def _show_dates(dates: Mapping[str, date | None], lang: str) -> None:
    say = translations(lang).gettext
    for label, day in dates.items():
        click.echo(f"{say(label):40}{date_long(day, language=lang) if day else '-'}")


COMMANDS = {"deadline": deadline, "retention": retention_command}
