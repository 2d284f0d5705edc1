"""What cannot be looked for is refused: an empty plan would look like an answer."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from dsr.cli import main

CHINOOK = Path(__file__).parents[1] / "scenarios/chinook"


@pytest.mark.parametrize(
    ("matches", "told"),
    [
        (["emial=hanna@example.org"], "'emial' must be one of customer_number, email"),
        (["id=1); DROP TABLE Customer;--"], "must be one of customer_number, email"),
        (["email=hanna@example.org", "email=bram@example.org"], "each only once"),
        (["email"], "is not KIND=VALUE"),
        (["email= "], "is not KIND=VALUE"),
        (["email=hanna\udcff@example.org"], "is not KIND=VALUE"),
    ],
)
def test_what_cannot_be_looked_for_is_refused(tmp_path: Path, matches: list[str], told: str) -> None:
    for name in ("config.toml", "register.toml"):
        shutil.copy(CHINOOK / name, tmp_path)
    (tmp_path / "shop.db").touch()
    asked = [word for match in matches for word in ("--match", match)]
    done = CliRunner().invoke(
        main, ["preview", "--config", str(tmp_path / "config.toml"), "--on", "2029-06-01", *asked]
    )
    assert done.exit_code == 2
    assert told in done.output


def test_a_register_without_tables_says_so(tmp_path: Path) -> None:
    assert CliRunner().invoke(main, ["init", str(tmp_path / "new"), "--register", "hosting"]).exit_code == 0
    asked = ["--config", str(tmp_path / "new/config.toml"), "--match", "email=hanna@example.org", "--on", "2029-06-01"]
    done = CliRunner().invoke(main, ["preview", *asked])
    assert done.exit_code == 2
    assert done.output == "The register names no table with match yet, so nobody can be looked for.\n"
