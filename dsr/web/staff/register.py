"""The register as the program reads it; it is changed in its file."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from dsr.domain.register import Period
from dsr.domain.retention import RULES
from dsr.web.runtime import settings
from dsr.web.security import allows
from dsr.web.staff.pages import staff, staff_page
from dsr.web.staff.words import GROUNDS, LEGAL_BASES


@staff.get("/register")
@allows("case.read")
def register() -> ResponseReturnValue:
    """Categories with purpose, legal basis, retention, recipients and tables."""
    shown = settings().register
    tables = [
        (table.category, f"{system}.{name}")
        for system, tables in shown.tables.items()
        for name, table in tables.items()
    ]
    return staff_page(
        "staff/register.html",
        register=shown,
        tables={category: [name for of, name in tables if of == category] for category in shown.categories},
        rules=RULES,
        periods_of={
            name: each.retention for name, each in shown.categories.items() if isinstance(each.retention, Period)
        },
        legal_bases=LEGAL_BASES,
        grounds=GROUNDS,
    )
