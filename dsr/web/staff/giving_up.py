"""Going on without a database that does not answer, and asking it again after all."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from dsr.services import giving_up
from dsr.web.runtime import now, settings
from dsr.web.security import allows
from dsr.web.staff.acting import act
from dsr.web.staff.pages import me, staff


@staff.post("/cases/<reference>/systems/<system>/give-up")
@allows("case.handle")
def give_up_system(reference: str, system: str) -> ResponseReturnValue:
    """Go on without it, with a reason that the data subject reads."""
    reason = request.form.get(f"reason-{system}", "")
    return act(
        reference,
        lambda session, case: giving_up.give_up_system(
            session, case, system, reason, by=me(), settings=settings(), now=now()
        ),
        anchor="giving-up",
    )


@staff.post("/cases/<reference>/systems/<system>/ask-again")
@allows("case.handle")
def ask_system_again(reference: str, system: str) -> ResponseReturnValue:
    """Have it asked again."""
    return act(
        reference,
        lambda session, case: giving_up.ask_again(session, case, system, by=me(), now=now()),
        anchor="giving-up",
    )
