"""Words of the law as the staff pages say them."""

from __future__ import annotations

from dsr.domain.calendars import Profile
from dsr.domain.holds import HoldGround
from dsr.domain.identifiers import CUSTOMER_NUMBER, PHONE
from dsr.domain.notifications import Answer, Channel, State, Waiver
from dsr.domain.register import ErasureGround, LegalBasis
from dsr.domain.restriction import Ground, Weighed
from dsr.domain.rights import Outcome, Right
from dsr.domain.wording import N_

RIGHTS = {
    Right.ACCESS: N_("Access"),
    Right.RECTIFICATION: N_("Rectification"),
    Right.ERASURE: N_("Erasure"),
    Right.RESTRICTION: N_("Restriction"),
    Right.PORTABILITY: N_("Portability"),
    Right.OBJECTION: N_("Objection"),
    Right.MARKETING_OBJECTION: N_("Stop advertising"),
    Right.AUTOMATED_DECISION: N_("Automated decision"),
    Right.CONSENT_WITHDRAWAL: N_("Withdrawal of consent"),
}

OUTCOMES = {
    Outcome.FULFILLED: N_("fulfilled"),
    Outcome.PARTLY_FULFILLED: N_("partly fulfilled"),
    Outcome.REFUSED: N_("refused"),
    Outcome.NOT_APPLICABLE: N_("not applicable"),
    Outcome.FORWARDED: N_("forwarded"),
    Outcome.WITHDRAWN: N_("withdrawn"),
}

GROUNDS = {
    ErasureGround.NOT_NEEDED: N_("no longer needed (art. 17(1)(a))"),
    ErasureGround.CONSENT_WITHDRAWN: N_("consent withdrawn (art. 17(1)(b))"),
    ErasureGround.OBJECTION: N_("objection (art. 17(1)(c))"),
    ErasureGround.UNLAWFUL: N_("unlawful (art. 17(1)(d))"),
    ErasureGround.LEGAL_DUTY: N_("a legal duty to erase (art. 17(1)(e))"),
    ErasureGround.CHILD: N_("collected from a child (art. 17(1)(f))"),
    ErasureGround.NONE: N_("no ground to erase"),
}

HOLD_GROUNDS = {
    HoldGround.LEGAL_CLAIM: N_("a legal claim (art. 17(3)(e))"),
    HoldGround.DISPUTE: N_("a dispute (art. 17(3)(e))"),
    HoldGround.INQUIRY: N_("an inquiry by an authority (art. 17(3)(b))"),
}

RESTRICTION_GROUNDS = {
    Ground.ACCURACY: N_("the person says that the data are wrong; we are checking it (art. 18(1)(a))"),
    Ground.UNLAWFUL: N_("the use is unlawful, and the person does not want an erasure (art. 18(1)(b))"),
    Ground.CLAIM: N_("we no longer need the data, but the person does for a legal claim (art. 18(1)(c))"),
    Ground.OBJECTION: N_("an objection (art. 18(1)(d))"),
    Ground.CONSENT: N_("consent withdrawn (art. 7(3))"),
}
RESTRICTION_ARTICLES = {
    ground: ground.value if ground is Ground.CONSENT else f"18(1)({ground.value})" for ground in Ground
}

WEIGHED = {
    Weighed.UPHELD: N_("upheld: we stop"),
    Weighed.COMPELLING: N_("refused: compelling grounds that weigh more"),
    Weighed.CLAIMS: N_("refused: needed for a legal claim"),
}

LEGAL_BASES = {
    LegalBasis.CONSENT: N_("consent"),
    LegalBasis.CONTRACT: N_("contract"),
    LegalBasis.LEGAL_OBLIGATION: N_("legal obligation"),
    LegalBasis.VITAL_INTEREST: N_("vital interest"),
    LegalBasis.PUBLIC_TASK: N_("public task"),
    LegalBasis.LEGITIMATE_INTEREST: N_("legitimate interest"),
}

ROLES = {
    "handler": N_("handler"),
    "approver": N_("approver"),
    "auditor": N_("auditor"),
    "administrator": N_("administrator"),
}

PROFILES = {
    Profile.NL_DEFAULT: N_("Dutch public holidays"),
    Profile.NL_STRICT: N_("Dutch public holidays, without 5 May"),
    Profile.NL_ATW_FULL: N_("Dutch public holidays, with Good Friday and the equated days"),
}
CHANNELS = {"form": N_("through the form")}
IDENTIFIERS = {CUSTOMER_NUMBER: N_("Customer number"), PHONE: N_("Telephone number")}
SET_ASIDE_GROUNDS = {
    "spam": N_("unwanted mail"),
    "duplicate": N_("the same request came in before"),
    "no-request": N_("not a request about personal data"),
}
NOTIFICATIONS = {
    State.ASKED: N_("got data?"),
    State.PROPOSED: N_("to be told"),
    State.MAILED: N_("mail on its way"),
    State.TOLD: N_("told"),
    State.WAIVED: N_("not told"),
    State.NOT_RECEIVED: N_("got no data"),
    State.LEFT_OUT: N_("confidential"),
    State.OVERTAKEN: N_("told with the erasure"),
}
TOLD_BY = {
    Channel.PHONE: N_("by telephone"),
    Channel.LETTER: N_("by letter"),
    Channel.PORTAL: N_("through their portal"),
    Channel.MAIL: N_("by mail"),
}
WAIVERS = {
    Waiver.IMPOSSIBLE: N_("it is impossible"),
    Waiver.DISPROPORTIONATE: N_("it takes disproportionate effort"),
}
ANSWERS = {
    Answer.DONE: N_("it is done"),
    Answer.NOT_HELD: N_("they do not have these data"),
    Answer.CANNOT: N_("they cannot do this"),
}
TASKS = {
    "erase-by-hand": N_("Erase this in the system itself; the program can only read it"),
    "books-correction": N_("Have this corrected in the books"),
    "ledger-left": N_("Kept data could not be erased on its day"),
    "replay-left": N_("Restored data could not be erased again"),
    "recipient-silent": N_("A recipient does not answer, after two reminders"),
}
"""The tasks that a person settles."""
TASK_REASONS = {
    "changed": N_("The data changed since."),
    "kept-longer": N_("A rule keeps it longer by now."),
    "read-only": N_("The program can only read them; erase them in the system itself."),
    "still-needed": N_("Other rows still point at it."),
    "held": N_("It is held."),
    "refused": N_("The system refused."),
    "not-in-register": N_("It is no longer in the register."),
}
