"""The pages of staff members."""

from dsr.web.staff import (
    case,
    case_actions,
    certificate,
    errands,
    giving_up,
    holds,
    identifiers,
    ledger,
    notifications,
    pages,
    password,
    people,
    plan,
    queue,
    rectification,
    register,
    restriction,
    sign_in,
    tasks,
)

BLUEPRINTS = (pages.staff,)
VIEWS = (
    case,
    case_actions,
    certificate,
    errands,
    giving_up,
    holds,
    identifiers,
    ledger,
    notifications,
    password,
    people,
    plan,
    queue,
    rectification,
    register,
    restriction,
    sign_in,
    tasks,
)
"""The modules whose import puts their views on the blueprint."""
