"""The pages of staff members. The import of a module puts its views on the blueprint."""

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
