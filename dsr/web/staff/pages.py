"""What the pages of staff share: their frame, who is looking, and acting on a case with one answer for every fault."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, request, url_for
from flask_login import current_user

from dsr.domain.errors import DomainError
from dsr.domain.wording import N_
from dsr.templating import in_words
from dsr.web.pages import gettext, language, page
from dsr.web.runtime import settings
from dsr.web.staff.sessions import Principal

staff = Blueprint("staff", __name__, url_prefix="/staff")

_TABS = (
    ("staff.queue", "case.read", N_("Requests")),
    ("staff.ledger_page", "case.read", N_("Ledger")),
    ("staff.hold_list", "case.read", N_("Holds")),
    ("staff.register", "case.read", N_("Register")),
    ("staff.people", "staff.administer", N_("People")),
)


def principal() -> Principal:
    """Who is looking; only in views that ask for a permission."""
    signed_in: Principal = current_user._get_current_object()
    return signed_in


def me() -> uuid.UUID:
    """The id of the staff member who is looking."""
    return principal().staff_member.id


def may(permission: str) -> bool:
    """Whether who is looking has a permission."""
    return permission in principal().permissions


def home_url() -> str:
    """The first page that the roles of who is looking allow."""
    return next((url_for(view) for view, permission, _ in _TABS if may(permission)), url_for("staff.account"))


def staff_page(name: str, **context: Any) -> str:
    """A page of staff, in its frame."""
    labels = settings().labels(language())
    frame = {
        "staff_member": {"name": principal().staff_member.name, "url": url_for("staff.account")},
        "tabs": [_tab(view, label) for view, permission, label in _TABS if may(permission)],
        "search_url": url_for("staff.queue") if may("case.read") else None,
        "home_url": home_url(),
        "may": may,
        "called": lambda key: labels.get(key, key),
    }
    return page(name, **{**frame, **context})


def _tab(view: str, label: str) -> dict[str, Any]:
    return {"label": gettext(label), "url": url_for(view), "is_current": request.endpoint == view}


def say(error: DomainError) -> str:
    """A fault as a sentence in the language of who is looking."""
    return in_words(error, language=language(), labels=settings().labels(language()))
