"""config.toml and register.toml: whatever is wrong is told at once, with its key, its line and a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsr.config import Settings
from dsr.config_file import load
from dsr.toml import ConfigurationError, line_of

CONFIG = """
[controller]
name = "Polder Hosting"
address = "Dijkweg 1"
email = "privacy@polder.example"
phone = "0123 456 789"
phone_hours = { nl = "werkdagen", en = "weekdays" }

[web]
base_url = "https://privacy.polder.example"

[mail]
host = "mail.polder.example"
sender = "privacy@polder.example"

[systems.shop]
path = "shop.db"
"""
REGISTER = """
[categories.customer]
label = { nl = "Klantgegevens", en = "Customer details" }
purpose = { nl = "u helpen", en = "helping you" }
legal_basis = "contract"
source = { nl = "van uzelf", en = "from you" }

[tables.shop.customer]
category = "customer"
key = ["id"]
match = { email = "email" }
"""


def write(folder: Path, config: str = CONFIG, register: str = REGISTER) -> Path:
    (folder / "register.toml").write_text(register)
    (folder / "config.toml").write_text(config)
    return folder / "config.toml"


def mistakes(file: Path) -> list[str]:
    """The mistakes as they are printed; none means that the configuration was read."""
    try:
        load(file)
    except ConfigurationError as error:
        return [str(mistake) for mistake in error.mistakes]
    return []


def changed(folder: Path, old: str, new: str) -> list[str]:
    """The mistakes after a change of config.toml, of which the line numbers stay as they were."""
    assert old in CONFIG
    return mistakes(write(folder, CONFIG.replace(old, new)))


def added(folder: Path, text: str) -> list[str]:
    return mistakes(write(folder, f"{CONFIG}{text}"))


def in_category(folder: Path, line: str) -> list[str]:
    """The mistakes with one more line in the category, which is line 7 of register.toml."""
    place = 'source = { nl = "van uzelf", en = "from you" }\n'
    return mistakes(write(folder, register=REGISTER.replace(place, f"{place}{line}\n")))


def test_a_small_configuration_is_enough(tmp_path: Path) -> None:
    settings = load(write(tmp_path))
    assert settings.base == tmp_path
    assert settings.path("dsr.db") == tmp_path / "dsr.db"
    assert (settings.procedure.approval, settings.procedure.idle_minutes) == ("two-people", 30)
    assert settings.database.path == "dsr.db"
    assert list(settings.register.tables["shop"]) == ["customer"]
    assert len(settings.register.digest) == 64
    assert settings.web.is_secure


def test_the_digest_of_the_register_changes_with_its_text(tmp_path: Path) -> None:
    first = load(write(tmp_path)).register.digest
    assert load(write(tmp_path)).register.digest == first
    assert load(write(tmp_path, register=f"{REGISTER}\n# a remark\n")).register.digest != first


def test_every_mistake_of_both_files_is_told_at_once(tmp_path: Path) -> None:
    config = CONFIG.replace("base_url", "bas_url").replace('name = "Polder Hosting"', "name = 5")
    register = REGISTER.replace('from you"', 'from you", de = ""').replace('["id"]', '"id"')
    assert mistakes(write(tmp_path, config, register)) == [
        "config.toml:3: controller.name: must be text in quotes",
        "config.toml:9: web.base_url: is missing",
        "config.toml:10: web.bas_url: is not a setting (did you mean base_url?)",
        "register.toml:6: categories.customer.source.de: is not a setting",
        'register.toml:10: tables.shop.customer.key: must be a list, such as ["a", "b"]',
    ]


def test_a_wrong_value_and_a_mistake_in_the_register_are_told_together(tmp_path: Path) -> None:
    config = f"{CONFIG}\n[procedure]\nidle_minutes = 91\n"
    register = REGISTER.replace('category = "customer"', 'category = "custmer"')
    assert mistakes(write(tmp_path, config, register)) == [
        "register.toml:9: tables.shop.customer.category: names custmer, which is not under [categories]",
        "config.toml:20: procedure.idle_minutes: must lie between 1 and 90",
    ]


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("[procedur]\n", "config.toml:18: procedur: is not a setting (did you mean procedure?)"),
        ("zebra = 1\n", "config.toml:18: systems.shop.zebra: is not a setting"),
        ("[register]\n", "config.toml: register: is not a setting"),
        ('[web.extra]\na = "b"\n', "config.toml:18: web.extra: is not a setting"),
    ],
)
def test_an_unknown_key_is_told_with_the_one_that_may_be_meant(tmp_path: Path, text: str, mistake: str) -> None:
    assert added(tmp_path, text) == [mistake]


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ('[procedure]\nidle_minutes = "5"\n', "procedure.idle_minutes: must be a whole number"),
        ("[procedure]\nidle_minutes = 5.5\n", "procedure.idle_minutes: must be a whole number"),
        ("[procedure]\nidle_minutes = true\n", "procedure.idle_minutes: must be a whole number"),
        ("[procedure]\nlanguage = 1\n", "procedure.language: must be one of 'nl' or 'en'"),
        ("[procedure]\napproval = 'nobody'\n", "procedure.approval: must be one of 'two-people' or 'single'"),
        ("[database]\nengine = 'mariadb'\n", "database.engine: must be one of 'sqlite' or 'postgresql'"),
        ("row_cap = '9'\n", "systems.shop.row_cap: must be a whole number"),
        ("tls = 'yes'\n", "systems.shop.tls: must be true or false"),
        ("label = 'shop'\n", "systems.shop.label: must be a table"),
        ("row_cap = 2020-01-01\n", "systems.shop.row_cap: must be a whole number"),
    ],
)
def test_a_value_of_the_wrong_type_is_never_taken_for_another(tmp_path: Path, text: str, mistake: str) -> None:
    ((told),) = added(tmp_path, text)
    assert told.endswith(f": {mistake}")
    assert told.startswith("config.toml:1")


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("[procedure]\nidle_minutes = 0\n", "procedure.idle_minutes: must lie between 1 and 90"),
        ("[procedure]\nfiscal_year_start_month = 13\n", "procedure.fiscal_year_start_month: must lie between 1 and 12"),
        ("[procedure]\ncopy_days = 31\n", "procedure.copy_days: must lie between 1 and 30"),
        ("statement_seconds = 0\n", "systems.shop.statement_seconds: must lie between 1 and 3600"),
        ("row_cap = -1\n", "systems.shop.row_cap: must lie between 1 and 1000000"),
        ("[database]\nengine = 'postgresql'\n", "database: needs name, the database on the server"),
        ("[systems.crm]\n", "systems.crm: needs path, the SQLite file"),
    ],
)
def test_a_value_out_of_range_is_told(tmp_path: Path, text: str, mistake: str) -> None:
    assert [told.split(": ", 1)[1] for told in added(tmp_path, text)] == [mistake]


def test_a_port_out_of_range_is_told(tmp_path: Path) -> None:
    assert changed(tmp_path, "[web]", "[web]\nport = 70000") == [
        "config.toml:10: web.port: must lie between 1 and 65535"
    ]


@pytest.mark.parametrize(
    "base_url",
    ["https://privacy.example.org", "http://localhost:8080", "http://[::1]:8080", "https://xn--bcher.example"],
)
def test_an_address_may_be_served(tmp_path: Path, base_url: str) -> None:
    assert changed(tmp_path, "https://privacy.polder.example", base_url) == []


@pytest.mark.parametrize(
    "base_url",
    ["privacy.example.org", "https://", "https://a.example/", "https://a.example/avg", "ftp://a.example",
     "https://a.example?x", "https://u@a.example", "https://a b.example", "https://a.example\\n"],
)  # fmt: skip
def test_an_address_may_not_be_served(tmp_path: Path, base_url: str) -> None:
    (told,) = changed(tmp_path, "https://privacy.polder.example", base_url)
    assert told.startswith("config.toml:10: web.base_url: must be an address such as")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "config.toml: cannot be read (No such file or directory)"),
        (b"\xff\xfe", "config.toml: is not text in UTF-8"),
        (b"[web\nport = 1", "config.toml: is not TOML: Expected ']' at the end of a table declaration (at line 1"),
        (b"a = 1\na = 2\n", "config.toml: is not TOML: Cannot overwrite a value (at line 2"),
    ],
)
def test_a_file_that_is_no_configuration_is_told(tmp_path: Path, content: bytes | None, sentence: str) -> None:
    file = tmp_path / "config.toml"
    if content is not None:
        file.write_bytes(content)
    (told,) = mistakes(file)
    assert told.startswith(sentence)


def test_a_register_that_is_not_there_is_told_beside_the_rest(tmp_path: Path) -> None:
    file = write(tmp_path, CONFIG.replace('name = "Polder Hosting"\n', "") + "row_cap = 'x'\n")
    (tmp_path / "register.toml").unlink()
    assert mistakes(file) == [
        "config.toml:2: controller.name: is missing",
        "config.toml:17: systems.shop.row_cap: must be a whole number",
        "register.toml: cannot be read (No such file or directory)",
    ]


def test_a_system_of_the_register_must_be_configured(tmp_path: Path) -> None:
    assert changed(tmp_path, "[systems.shop]", "[systems.shp]") == [
        "register.toml:8: tables.shop: no system shop in config.toml (did you mean shp?)"
    ]


TWO_RETENTIONS = """
[categories.log]
label = { nl = "Logboek", en = "Log" }
purpose = { nl = "storingen vinden", en = "finding faults" }
legal_basis = "legitimate-interest"
source = { nl = "uit uw gebruik", en = "from your use" }
retention = "fiscal7"

[tables.SYSTEM.Customer]
category = "log"
key = ["id"]
match = { email = "email" }
dates = { document_date = "made_on" }
"""


@pytest.mark.parametrize(("system", "path"), [("shop", None), ("copy", "./shop.db")])
def test_a_table_that_is_named_twice_may_not_have_two_retentions(tmp_path: Path, system: str, path: str | None) -> None:
    config = CONFIG + (f'\n[systems.{system}]\npath = "{path}"\n' if path else "")
    (told,) = mistakes(write(tmp_path, config, REGISTER + TWO_RETENTIONS.replace("SYSTEM", system)))
    assert told.startswith(f"register.toml:20: tables.{system}.Customer: is the table of tables.shop.customer")


def test_a_table_of_the_same_name_in_another_database_is_another_table(tmp_path: Path) -> None:
    config = CONFIG + '\n[systems.archive]\npath = "archive.db"\n'
    assert mistakes(write(tmp_path, config, REGISTER + TWO_RETENTIONS.replace("SYSTEM", "archive"))) == []


PASSWORD = "mail.password"


@pytest.mark.parametrize(
    ("secret", "sentence"),
    [
        ('"geheim123"', 'must tell where the secret is: { file = "…" } or { env = "…" }'),
        ("{}", 'give either file = "…" or env = "…"'),
        ('{ file = "a", env = "B" }', 'give either file = "…" or env = "…"'),
        ('{ file = "missing.txt" }', "the file missing.txt cannot be read (No such file or directory)"),
        ('{ file = "." }', "the file . cannot be read (Is a directory)"),
        ('{ file = "binary.txt" }', "the file binary.txt is not text in UTF-8"),
        ('{ file = "empty.txt" }', "is empty"),
        ('{ env = "DSR_NOT_SET" }', "the environment variable DSR_NOT_SET is not set"),
        ('{ env = "DSR_EMPTY" }', "the environment variable DSR_EMPTY is not set"),
        ('{ envv = "A" }', "is not a setting (did you mean env?)"),
    ],
)
def test_a_secret_that_cannot_be_read_is_told_and_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secret: str, sentence: str
) -> None:
    monkeypatch.setenv("DSR_EMPTY", "")
    (tmp_path / "binary.txt").write_bytes(b"geheim\xff")
    (tmp_path / "empty.txt").write_text("\n")
    (told,) = changed(tmp_path, "[systems.shop]", f"password = {secret}\n[systems.shop]")
    assert told.split(": ", 2)[2] == sentence
    assert told.split(": ", 2)[1].startswith(PASSWORD)
    assert "geheim" not in told


def test_secrets_come_from_a_file_or_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DSR_SHOP", "uit de omgeving")
    (tmp_path / "mail.txt").write_text("uit het bestand\n")
    reader = '[systems.shop.reader]\nuser = "lezer"\npassword = { env = "DSR_SHOP" }\n'
    config = CONFIG.replace("[systems.shop]", 'password = { file = "mail.txt" }\n[systems.shop]')
    settings: Settings = load(write(tmp_path, f"{config}{reader}"))
    account = settings.systems["shop"].reader
    assert settings.mail.password is not None
    assert account is not None
    assert account.password is not None
    assert settings.mail.password.read(tmp_path) == "uit het bestand"
    assert account.password.read(tmp_path) == "uit de omgeving"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("retention = 5", "retention: must be text in quotes or must be a table"),
        ("retention = { yeers = 5 }", "retention.yeers: is not a setting (did you mean years?)"),
        ("retention = { years = '5' }", "retention.years: must be a whole number"),
        ("retention = ['fiscal7']", "retention: must be text in quotes or must be a table"),
    ],
)
def test_a_retention_that_is_no_rule_and_no_period_is_told_once(tmp_path: Path, line: str, sentence: str) -> None:
    assert in_category(tmp_path, line) == [f"register.toml:7: categories.customer.{sentence}"]


def test_a_rule_that_does_not_exist_is_told_with_those_that_do(tmp_path: Path) -> None:
    (told,) = in_category(tmp_path, 'retention = "fiscal70"')
    assert told.startswith(
        "register.toml:7: categories.customer.retention: fiscal70 is not a rule; use one of fiscal7,"
    )


TEXT = """
[a]
b = 1
[a.c]
"d-e" = 2
f.g = 3
[[h]]
i = { j = 4 }
"""


@pytest.mark.parametrize(
    ("key", "line"),
    [("a.b", 3), ("a.c", 4), ("a.c.missing", 4), ("a.c.d-e", 5), ("a.c.f.g", 6), ("h.i.j", 8), ("nowhere", None)],
)
def test_the_line_of_a_key_is_its_own_or_that_of_what_holds_it(key: str, line: int | None) -> None:
    assert line_of(TEXT, key) == line


PAPER = """
[systems.paper]
engine = "manual"
label = { nl = "Ordner", en = "Binder" }
owner = { name = "Yara El Idrissi", email = "yara@polder.example" }
"""
HELD = REGISTER.replace("[tables", 'held_in = ["paper"]\n\n[tables')


def test_a_system_without_a_database_has_an_owner_and_holds_categories(tmp_path: Path) -> None:
    settings = load(write(tmp_path, CONFIG + PAPER, HELD))
    paper = settings.systems["paper"]
    assert paper.is_manual
    assert (paper.days, paper.owner and paper.owner.email) == (7, "yara@polder.example")
    assert list(settings.register.tables["paper"]) == ["customer"]
    assert settings.register.tables["paper"]["customer"].key == ("item",)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("owner = {", "keeper = {", "is not a setting"),
        ('owner = { name = "Yara El Idrissi", email = "yara@polder.example" }', "", "needs owner"),
        ("yara@polder.example", "yara at polder", "needs an owner with an e-mail address"),
        ("Yara El Idrissi", " ", "needs owner"),
        ('en = "Binder"', 'en = ""', "needs label"),
        ('engine = "manual"', 'engine = "manual"\npath = "x.db"\nreader = { user = "a" }', "it has no path, reader"),
        ('engine = "manual"', 'engine = "manual"\ndays = 0', "must lie between 1 and 28"),
        ('engine = "manual"', 'engine = "sqlite"\npath = "x.db"', 'is for engine = "manual" only'),
    ],
)
def test_what_is_wrong_with_such_a_system_is_said(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in PAPER
    found = mistakes(write(tmp_path, CONFIG + PAPER.replace(old, new), HELD))
    assert any(told in mistake and "systems.paper" in mistake for mistake in found), found


def test_every_way_to_name_the_wrong_system_is_told_at_once(tmp_path: Path) -> None:
    register = REGISTER.replace("[tables", 'held_in = ["papr", "shop", "other"]\n\n[tables')
    other = PAPER.replace("paper", "other")
    register += '\n[tables.other.binder]\ncategory = "customer"\nkey = ["id"]\nmatch = { email = "email" }\n'
    register += '\n[tables.paper.binder]\ncategory = "customer"\nkey = ["id"]\nmatch = { email = "email" }\n'
    found = "\n".join(mistakes(write(tmp_path, CONFIG + PAPER + other, register)))
    assert "categories.customer.held_in: no system papr in config.toml (did you mean paper?)" in found
    assert "categories.customer.held_in: names shop, which has tables: a person does not look there" in found
    assert "categories.customer.held_in: names other, which has tables: a person does not look there" in found
    assert 'tables.paper: names a manual system, which has no tables: a category names it, held_in = ["paper"]' in found


def test_a_database_is_not_looked_up_by_a_person(tmp_path: Path) -> None:
    second = CONFIG + '[systems.crm]\npath = "crm.db"\n'
    register = REGISTER.replace("[tables", 'held_in = ["crm"]\n\n[tables')
    (told,) = mistakes(write(tmp_path, second, register))
    assert "categories.customer.held_in: crm is a database: name its tables under [tables.crm]" in told
