"""The one next step of a case: what to do, or what is waited for and by whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dsr.domain.lifecycle import Status
from dsr.domain.rights import Right, needs_identity
from dsr.domain.wording import N_
from dsr.web.staff.case_facts import CaseFacts

ENDED = {
    Status.ANSWERED: ("close", N_("The answer has been sent. Close the case."), N_("Close the case")),
    Status.WITHDRAWN: ("close", N_("The data subject took the request back. Close the case."), N_("Close the case")),
    Status.SET_ASIDE: ("restore", N_("This case was set aside."), N_("Bring it back")),
    Status.CLOSED: (None, N_("This case is closed. Nothing is left to do."), None),
}


@dataclass(frozen=True, slots=True)
class NextStep:
    """A sentence, and the button that does it: a form's `action` or the address of a page (`link`).

    `action` and `link` name views of the case; a link that begins with # stays on the page.
    """

    sentence: str
    button: str | None = None
    action: str | None = None
    link: str | None = None
    values: dict[str, Any] = field(default_factory=dict)
    error: str | None = None


def next_step(facts: CaseFacts, *, may_handle: bool, may_approve: bool, by: object) -> NextStep:
    """What comes next, in the order that loses nothing."""
    case = facts.case
    if facts.outstanding and (not case.is_open or not facts.undecided):
        sentence = N_("Tell the recipients of the data, or give the reason why not (art. 19).")
        return NextStep(sentence, N_("To the recipients"), link="#recipients")
    if facts.is_to_erase_by_hand and (not case.is_open or not facts.undecided):
        return _BY_HAND
    if not case.is_open:
        action, sentence, button = ENDED[Status(case.status)]
        return NextStep(sentence, button if may_handle else None, action)
    if case.handler_id is None:
        return NextStep(N_("Nobody handles this case yet."), N_("Take the case") if may_handle else None, "take")
    if not case.rights:
        return NextStep(N_("Note which rights the request invokes."), N_("To the rights"), link="#rights")
    step = (
        _identity(facts)
        or _search(facts)
        or _choose_person(facts)
        or _copy(facts)
        or _correct(facts, may_approve, by)
        or _restrict(facts)
        or _decide(facts)
        or _erase(facts, may_approve, by)
    )
    return step or _letter(facts)


def _identity(facts: CaseFacts) -> NextStep | None:
    if facts.is_identified or not any(needs_identity(right.kind) for right in facts.undecided):
        return None
    if facts.case.data_subject.email_confirmed_at is None:
        return NextStep(
            N_("The data subject has not confirmed the e-mail address yet. Nothing is searched before that.")
        )
    if any(lookup.is_known for lookup in facts.lookups):
        sentence = N_("The address was confirmed and is on file. Record the identity check; the search then begins.")
        return NextStep(sentence, N_("Record the identity check"), "confirm_identity")
    if facts.has_paper and not _is_waiting(facts, "lookup"):
        sentence = N_("No database knows this address. Is it in your own files? Then say so, and the search begins.")
        return NextStep(sentence, N_("To the identity"), link="#identity")
    if _is_waiting(facts, "lookup") or not facts.lookups:
        return _working(facts, "lookup", N_("The program is asking the systems whether they know this address."))
    return NextStep(
        N_("No system knows this address, so nothing is searched. Decide the rights below, with that as the reason."),
        N_("To the rights"),
        link="#rights",
    )


def _search(facts: CaseFacts) -> NextStep | None:
    if not facts.is_identified:
        return None
    is_asking_again = facts.search is not None and _refusal(facts, "search") is not None
    if _is_waiting(facts, "search") and not is_asking_again:
        return _working(facts, "search", N_("The program is searching the systems."))
    if facts.search is None:
        error = facts.work["search"].error if "search" in facts.work else None
        return NextStep(N_("Search the systems for this person."), N_("Search"), "search", error=error)
    is_held_up = facts.undecided and not _can_go_on_meanwhile(facts) and _missing(facts)
    return (_restrict(facts) or _missing(facts)) if is_held_up else None


def _choose_person(facts: CaseFacts) -> NextStep | None:
    """Nothing is copied, corrected or erased as long as several people may be the one."""
    if not facts.persons or facts.copy or not facts.is_identified or not facts.undecided:
        return None
    sentence = N_("Several people have this address. Say first which one this case is about.")
    return NextStep(sentence, N_("To the people"), link="#findings")


def _can_go_on_meanwhile(facts: CaseFacts) -> bool:
    """Whether something can be done while a system has not answered: nothing has to be copied first."""
    has_rows = facts.search is not None and any(finding["rows"] for finding in facts.search.findings)
    return has_rows and not {Right.ACCESS, Right.PORTABILITY} & {right.kind for right in facts.undecided}


def _missing(facts: CaseFacts) -> NextStep | None:
    """What the search still lacks: an owner's answer, or a system that did not do what was asked."""
    states = {*facts.search.states.values()} if facts.search else set()
    if states & {"down", "refused"}:
        error = facts.work["search"].error if "search" in facts.work else None
        sentence = N_("A system did not answer the search. Search again, or go on without it below.")
        return NextStep(sentence, N_("Search again"), "search", error=error)
    if "waits" in states:
        return _owner(facts)
    return None


_ALONE = N_("You can approve this plan yourself, 72 hours after it was made and with a fresh sign-in.")
_BY_HAND = NextStep(
    N_("Erase in the system itself what the program can only read there, or say why not."),
    N_("To the tasks"),
    link="#tasks",
)


def _owner(facts: CaseFacts) -> NextStep:
    sentence = N_("An owner has not answered yet.")
    if facts.has_declined_owner:
        sentence = N_("An owner cannot do what was asked. Ask somebody else, or go on without it.")
    return NextStep(sentence, N_("To the owners"), link="#errands")


def _copy(facts: CaseFacts) -> NextStep | None:
    access = facts.right(Right.ACCESS)
    if access is None or access.outcome is not None or not facts.is_identified:
        return None
    if _is_waiting(facts, "copy"):
        return _working(facts, "copy", N_("The program is making the copy."))
    if facts.copy is None or facts.copy.purged_at:
        sentence = N_("Make the copy, before anything is erased.")
        return NextStep(sentence, N_("Make the copy"), "make_copy", error=_refusal(facts, "copy"))
    if "copy" in facts.work and facts.work["copy"].state == "refused":
        sentence = N_("The copy could not be made again. See why, and make it once more.")
        return NextStep(sentence, N_("Make the copy"), "make_copy", error=_refusal(facts, "copy"))
    if facts.copy.viewed_at is None:
        return NextStep(N_("Look at the copy before you release it."), N_("Look at the copy"), "view_copy")
    return NextStep(N_("You can release the copy to the data subject."), N_("Release the copy"), "release_copy")


def _correct(facts: CaseFacts, may_approve: bool, by: object) -> NextStep | None:
    asked = facts.right(Right.RECTIFICATION)
    if asked is None or asked.outcome is not None or not facts.is_identified:
        return None
    plan = facts.correction
    if _is_waiting(facts, "rows") and (plan is None or plan.state == "asked"):
        return _working(facts, "rows", N_("The program is reading the rows that can be corrected."))
    if plan and plan.state == "executed" and plan.outstanding:
        sentence = N_("A system has not answered. What it holds can be corrected as soon as it does.")
        return NextStep(sentence, N_("To the correction"), link="rectify", error=_refusal(facts, "rows"))
    is_going_on = facts.awaits_owner or _is_waiting(facts, "rectify")
    if plan and (plan.state == "approved" or (plan.state == "executed" and is_going_on)):
        return _correcting(facts)
    if plan is None or plan.state != "proposed":
        sentence = N_("Correct what is wrong, or decide below why not.")
        return NextStep(sentence, N_("To the correction"), link="rectify", error=_refusal(facts, "rows"))
    return _approval_of_correction(may_approve and plan.made_by_id != by, may_approve and facts.is_alone)


def _approval_of_correction(is_second: bool, is_alone: bool) -> NextStep:
    sentence = N_("A second person looks at the correction.")
    if is_second:
        sentence = N_("You can approve the correction as the second person.")
    if is_alone:
        sentence = _ALONE
    return NextStep(sentence, N_("To the correction"), link="rectify")


def _correcting(facts: CaseFacts) -> NextStep:
    if facts.awaits_owner and not _is_waiting(facts, "rectify"):
        return _owner(facts)
    return _working(facts, "rectify", N_("The correction was approved; the program is changing the data."))


def _decide(facts: CaseFacts) -> NextStep | None:
    planned = {Right.ERASURE, Right.CONSENT_WITHDRAWAL} if facts.is_identified else {Right.ERASURE}
    waiting = [right for right in facts.undecided if right.kind not in planned]
    if not waiting:
        return None
    return NextStep(N_("Decide what the outcome is and why."), N_("To the rights"), link=f"#right-{waiting[0].right}")


def _restrict(facts: CaseFacts) -> NextStep | None:
    if not facts.is_identified:
        return None
    if _is_waiting(facts, "restrict"):
        return _working(facts, "restrict", N_("The program is stopping the use of these data."))
    undecided = {right.kind for right in facts.undecided}
    if Right.RESTRICTION in undecided:
        return NextStep(N_("Restrict the data, or decide below why not."), N_("To the restriction"), link="restrict")
    if Right.OBJECTION in undecided:
        return NextStep(N_("Weigh the objection, and record the grounds."), N_("To the weighing"), link="restrict")
    return None


def _erase(facts: CaseFacts, may_approve: bool, by: object) -> NextStep | None:
    if not facts.undecided:
        return None
    if _is_waiting(facts, "plan"):
        return _working(facts, "plan", N_("The program is drawing up the erasure plan."))
    right = facts.undecided[0].kind
    plan = facts.plan if facts.plan and facts.plan.right == right else None
    if right is Right.CONSENT_WITHDRAWAL and (plan is None or plan.state in ("returned", "void", "asked")):
        sentence = N_("Make the plan to erase what rested on the consent, or decide below why not.")
        return NextStep(sentence, N_("Make the plan"), "plan_consent", error=_refusal(facts, "plan"))
    broken = next((each.state for each in facts.series if each.state in ("returned", "void")), None)
    if plan is None or broken or plan.state == "asked":
        state = broken or (plan.state if plan else None)
        return NextStep(*_PLAN[state], link="plan", error=_refusal(facts, "plan"))
    if plan.state == "proposed":
        return _approval(facts, may_approve, by)
    return _carrying_out(facts)


def _carrying_out(facts: CaseFacts) -> NextStep:
    if facts.awaits_owner and not _is_waiting(facts, "erase"):
        return _owner(facts)
    if facts.plan and facts.plan.outstanding and not _is_waiting(facts, "erase"):
        sentence = N_("A system has not answered. What it holds gets a plan by itself as soon as it does.")
        return _missing(facts) or _working(facts, "plan", sentence)
    return _working(facts, "erase", N_("The plan was approved; the program is erasing."))


_PLAN = {
    None: (N_("Make the erasure plan: for each category the ground, or why there is none."), N_("Make the plan")),
    "asked": (N_("The plan could not be drawn up. Look at it and ask again."), N_("To the plan")),
    "returned": (N_("The plan was returned. Read why and make a new one, or decide below why not."), N_("To the plan")),
    "void": (N_("The plan no longer fits the data. Make a new one, or decide below why not."), N_("To the plan")),
}


def _approval(facts: CaseFacts, may_approve: bool, by: object) -> NextStep:
    made_by = facts.plan.made_by_id if facts.plan else None
    if may_approve and facts.is_alone:
        return NextStep(_ALONE, N_("To the approval"), link="approve")
    if may_approve and made_by != by:
        return NextStep(
            N_("You can approve the erasure plan as the second person."), N_("To the approval"), link="approve"
        )
    if made_by == by:
        return NextStep(N_("A second person approves the erasure plan. You made it, so you cannot do that yourself."))
    return NextStep(N_("An approver looks at the erasure plan."))


def _letter(facts: CaseFacts) -> NextStep:
    if facts.missing:
        return NextStep(N_("The letter still lacks something."), N_("To the letter"), link="#letter")
    return NextStep(N_("Everything is decided. Read the letter and send it."), N_("To the letter"), link="#letter")


def _is_waiting(facts: CaseFacts, kind: str) -> bool:
    return kind in facts.work and facts.work[kind].state == "queued"


def _refusal(facts: CaseFacts, kind: str) -> str | None:
    return facts.work[kind].error if kind in facts.work else None


def _working(facts: CaseFacts, kind: str, sentence: str) -> NextStep:
    error = _refusal(facts, kind)
    if error and facts.can_be_given_up:
        return NextStep(sentence, N_("To the systems that are waited for"), link="#giving-up", error=error)
    return NextStep(sentence, error=error)
