"""What can be asked, in the words of the form: a label, the word of the law, and a sentence in the first person."""

from __future__ import annotations

from dataclasses import dataclass

from dsr.domain.intake import SOMETHING_ELSE
from dsr.domain.rights import Right
from dsr.domain.wording import N_


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to ask."""

    label: str
    help: str
    aside: str = ""


CHOICES = {
    Right.ACCESS: Choice(N_("Access to my data"), N_("Which data do you have about me, and why? I would like a copy.")),
    Right.RECTIFICATION: Choice(
        N_("Correction or completion"), N_("My data are wrong or not complete."), N_("rectification")
    ),
    Right.ERASURE: Choice(N_("Erasure"), N_("Erase my data."), N_("right to be forgotten")),
    Right.RESTRICTION: Choice(N_("Restriction of the use of my data"), N_("Do not use my data for a while.")),
    Right.OBJECTION: Choice(N_("Objection to the use of my data"), N_("Because of my situation I want you to stop.")),
    Right.MARKETING_OBJECTION: Choice(
        N_("Stop advertising"),
        N_("I want no more advertising. I do not have to say why."),
        N_("direct marketing"),
    ),
    Right.CONSENT_WITHDRAWAL: Choice(N_("Withdrawing my consent"), N_("I gave my consent and take it back.")),
    Right.PORTABILITY: Choice(
        N_("Taking my data elsewhere"), N_("Give me my data in a file that I can use elsewhere.")
    ),
    Right.AUTOMATED_DECISION: Choice(
        N_("Objection to a decision by a computer"), N_("I want a person to look at the decision again.")
    ),
    SOMETHING_ELSE: Choice(
        N_("I do not know, or something else"),
        N_("I describe my question in the next step. You find out what fits."),
    ),
}
