"""Who is signed in: the token in the browser's cookie leads to a session on our side, which can end at any moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dsr.db.base import transaction
from dsr.db.staff import StaffMember
from dsr.services import staff
from dsr.web.runtime import now, settings
from dsr.web.security import login_manager


@dataclass(frozen=True, slots=True)
class Principal:
    """A staff member with the session they are signed in by, as Flask-Login wants to see somebody."""

    staff_member: StaffMember
    digest: bytes
    token: str
    signed_in_at: datetime

    is_authenticated = True
    is_active = True
    is_anonymous = False

    @property
    def permissions(self) -> frozenset[str]:
        """What the roles of the staff member allow."""
        return staff.permissions_of(self.staff_member)

    def get_id(self) -> str:
        """What the cookie holds."""
        return self.token


@login_manager.user_loader  # type: ignore[untyped-decorator]
def load(token: str) -> Principal | None:
    """The principal of a token, as long as its session is live; notes once a minute that it is."""
    moment = now()
    with transaction(writes=False) as session:
        found = staff.find_session(session, token, settings=settings(), now=moment)
    if found is None:
        return None
    if staff.needs_touch(found, moment):
        with transaction() as session:
            staff.touch(session, found.digest, now=moment)
    return Principal(found.staff_member, found.digest, token, found.started_at)
