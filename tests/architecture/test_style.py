"""The house style, as far as a machine can hold it."""

from __future__ import annotations

import re
import statistics

from tests.parts.source import functions, imported_modules, lines_of, name, python_files

FILE_LIMIT = 400
FUNCTION_LIMIT = 50
MEDIAN_LIMIT = 8

# A function that may be longer than FUNCTION_LIMIT, with the reason: {"dsr/app.py create_app": "a table of contents"}.
LONG_FUNCTIONS: dict[str, str] = {}

# Spelled apart, so that this file does not match itself.
LEFT_OPEN = re.compile(
    "|".join(words.replace(" ", "") for words in ["TO DO", "FIX ME", "XX X", "NotImplemented Error"])
)


def test_no_file_is_long() -> None:
    # A revision of the database lists every table.
    files = [path for path in python_files() if path.parent.name != "versions"]
    lengths = {name(path): len(path.read_text("utf-8").splitlines()) for path in files}
    assert {file: lines for file, lines in lengths.items() if lines > FILE_LIMIT} == {}


def test_no_function_is_long() -> None:
    lengths = {
        f"{name(path)} {function.name}": lines_of(function)
        for path in python_files("dsr")
        for function in functions(path)
    }
    long = {function for function, lines in lengths.items() if lines > FUNCTION_LIMIT}
    assert long == set(LONG_FUNCTIONS)


def test_most_functions_are_a_few_lines() -> None:
    lengths = [lines_of(function) for path in python_files("dsr") for function in functions(path)]
    assert statistics.median(lengths) <= MEDIAN_LIMIT


def test_no_import_of_our_own_hides_in_a_function() -> None:
    hidden = [
        f"{name(path)}:{function.lineno} {function.name} imports {module}"
        for path in python_files("dsr")
        for function in functions(path)
        for module in imported_modules(function)
        if module.split(".")[0] in {"dsr", ""}
    ]
    assert hidden == []


def test_nothing_is_named_after_its_lack_of_a_subject() -> None:
    vague = {"utils.py", "util.py", "helpers.py", "helper.py", "common.py", "misc.py"}
    assert [name(path) for path in python_files() if path.name in vague] == []


def test_nothing_is_left_open() -> None:
    open_ends = [
        f"{name(path)}:{number} {line.strip()}"
        for path in python_files()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if LEFT_OPEN.search(line)
    ]
    assert open_ends == []
