"""A register read from a file, for tests that need no config.toml."""

from __future__ import annotations

from pathlib import Path

from dsr.domain.register import Register
from dsr.register_file import read_register
from dsr.toml import ConfigurationError


def load_register(file: Path) -> Register:
    """The register of `file`; ConfigurationError with every mistake."""
    register, mistakes = read_register(file)
    if mistakes or register is None:
        raise ConfigurationError(mistakes)
    return register
