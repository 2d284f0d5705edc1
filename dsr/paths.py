"""Where the folders are that stand beside the package in a checkout and inside it in an installation."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def templates() -> Path:
    """The folder with the Jinja templates of pages, notices and letters."""
    return _beside_or_inside("templates")


def migrations() -> Path:
    """The folder with Alembic's env.py and versions/."""
    return _beside_or_inside("migrations")


def example() -> Path:
    """The configuration with every key explained."""
    return _beside_or_inside("config.example.toml")


def starter_register() -> Path:
    """The register that a new installation begins with."""
    return _PACKAGE / "registers" / "start.toml"


def starter_registers() -> dict[str, Path]:
    """The registers for a kind of firm, by label, that it can begin with instead."""
    files = sorted((_PACKAGE / "registers").glob("*.toml"))
    return {file.stem: file for file in files if file != starter_register()}


def _beside_or_inside(name: str) -> Path:
    checkout = _PACKAGE.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / name).exists():
        return checkout / name
    return _PACKAGE / "_data" / name
