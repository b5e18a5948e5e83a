"""Marks of outcomes: a sign and a word, never a colour alone, so that they survive black ink and colour blindness."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from domain.records import Outcome
from reports.languages import Language, message, words_of


@dataclass(frozen=True, slots=True)
class Mark:
    """`text` is translated; `tone` is the class that the style sheet colours: good, open, warn, bad or plain."""

    sign: str
    text: str
    tone: str


_OUTCOMES: Mapping[Outcome, Mark] = {
    Outcome.PASS: Mark("✓", message("pass"), "good"),
    Outcome.NOT_YET_KNOWN: Mark("?", message("not yet known"), "open"),
    Outcome.WARN: Mark("!", message("warn"), "warn"),
    Outcome.WAIVED: Mark("‼", message("waived"), "bad"),
    Outcome.HALT: Mark("✕", message("halt"), "bad"),
}

_STATES: Mapping[str, Mark] = {
    "done": Mark("✓", message("done"), "good"),
    "halted": Mark("✕", message("halted"), "bad"),
    "waiting": Mark("…", message("waiting"), "open"),
    "failed": Mark("✕", message("failed"), "bad"),
    "running": Mark("…", message("running"), "open"),
    "prepared": Mark("…", message("prepared"), "open"),
    "approved": Mark("✓", message("approved"), "good"),
    "published": Mark("✓", message("published"), "good"),
    "returned": Mark("↩", message("returned"), "warn"),
    "held": Mark("‖", message("held"), "warn"),
    "released": Mark("▸", message("released"), "open"),
    "void": Mark("✕", message("void"), "bad"),
}


def outcome_mark(outcome: Outcome, language: Language) -> Mark:
    return _translated(_OUTCOMES[outcome], language)


def state_mark(state: str, language: Language) -> Mark:
    """The mark of a stage's outcome, of a batch's phase or of a decision; an unknown word stands as it is."""
    known = _STATES.get(state)
    return _translated(known, language) if known else Mark("·", state, "plain")


def _translated(mark: Mark, language: Language) -> Mark:
    return replace(mark, text=words_of(language).gettext(mark.text))
