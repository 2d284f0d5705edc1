"""The connectors of an installation, opened once and kept."""

from __future__ import annotations

from dsr.config import Settings
from dsr.connectors.base import Connector
from dsr.connectors.sql import SqlSystem


def open_systems(settings: Settings) -> dict[str, Connector]:
    """Every database that the register names tables for. Nothing connects until it is used."""
    return {
        name: SqlSystem(name, settings) for name in settings.register.tables if not settings.systems[name].is_manual
    }
