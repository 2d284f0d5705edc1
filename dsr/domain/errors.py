"""What the law refuses, as sentences a person can act on."""

from __future__ import annotations

from datetime import date

from dsr.domain.wording import Translate, Value, WriteDate, say


class DomainError(Exception):
    """A fault named in an English template with values; `str()` gives the sentence, `say()` its translation."""

    def __init__(self, template: str, **params: Value) -> None:
        super().__init__(template)
        self.template = template
        self.params = params

    def __str__(self) -> str:
        return self.say()

    def say(self, translate: Translate = str, write_date: WriteDate = date.isoformat) -> str:
        """The sentence, translated and with its dates written by `write_date`."""
        return say(self.template, self.params, translate, write_date)
