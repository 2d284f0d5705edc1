"""The facts of a letter that misses nothing."""

from __future__ import annotations

from datetime import date

from dsr.domain.answers import DecidedRight, Erased, Facts, Kept, NotErased
from dsr.domain.plans import Verdict
from dsr.domain.rights import Outcome, Right

DAY = date(2026, 11, 26)
LAW = "AWR art. 52(4)"
KEPT = Kept("Facturen", "fiscal7", LAW, 7, date(2026, 12, 31), date(2033, 12, 31))
ADDRESS = Kept("Uw naam en adres", "fiscal7", LAW, 7, date(2033, 12, 31), date(2033, 12, 31), ("Facturen",))
CONTRACT = NotErased("Contract", Verdict.REFUSE, "Het loopt nog.")
COMPLETE = Facts(
    reference="2026-K7QF-9M3X",
    received_on=date(2026, 11, 1),
    written_on=date(2026, 11, 27),
    name="Hanna Brinkman",
    handler="Noor Bakker",
    rights=(
        DecidedRight(Right.MARKETING_OBJECTION, Outcome.FULFILLED),
        DecidedRight(Right.ACCESS, Outcome.FULFILLED),
        DecidedRight(Right.RECTIFICATION, Outcome.FULFILLED, "Uw huisnummer is nu 1."),
        DecidedRight(Right.OBJECTION, Outcome.REFUSED, "Dit is nodig voor uw contract."),
        DecidedRight(Right.ERASURE, Outcome.PARTLY_FULFILLED),
    ),
    due_on=date(2026, 12, 1),
    refusal_latest_on=date(2026, 12, 1),
    marketing_stopped_on=date(2026, 11, 1),
    copy_until=date(2026, 12, 20),
    erased=(Erased("Nieuwsbrief", DAY), Erased("Klantgegevens", DAY, is_part=True, remainder="uw naam en adres")),
    kept=(KEPT, ADDRESS),
    not_erased=(CONTRACT,),
    backup_days=30,
)
