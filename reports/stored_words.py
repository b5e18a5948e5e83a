"""Sentences that nights and people have stored, in the language of the page: notes of scores, conditions, cases.

They are stored in English, as whoever wrote them wrote them; a sentence that is not known here stands as it is: nothing
is left out. KPIs and signals are called by their titles where these are given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from reports.formats import Formats
from reports.languages import message, words_of

_NUMBER = r"-?\d+(?:\.\d+)?"
_PERCENT = rf"{_NUMBER} %|no rows"
_COUNT = r"\d[\d,]*"
_LIKE_FOR_LIKE = (
    r"(?P<rate>\S+) like for like(?:, alike in (?P<strata>.+))? is (?P<verdict_said>better|worse|not worse)"
    r"(?: in (?P<months>\d+) months)?"
)
_OF_PEERS = (
    rf"of the peers' (?P<rows>{_COUNT}) rows it fired at (?P<hits>{_COUNT}) \((?P<share>{_PERCENT})\)"
    rf"(?:, 95 %: (?P<low>{_PERCENT}) to (?P<high>{_PERCENT}))?\. Up to (?P<usual>{_PERCENT}) counts as usual"
)
_LIKE_FOR_LIKE = (
    r"(?P<rate>\S+) like for like(?:, alike in (?P<strata>.+))? is (?P<verdict_said>better|worse|not worse)"
    r"(?: in (?P<months>\d+) months)?"
)
_OF_PEERS = (
    rf"of the peers' (?P<rows>{_COUNT}) rows it fired at (?P<hits>{_COUNT}) \((?P<share>{_PERCENT})\)"
    rf"(?:, 95 %: (?P<low>{_PERCENT}) to (?P<high>{_PERCENT}))?\. Up to (?P<usual>{_PERCENT}) counts as usual"
)

STATES: Mapping[str, str] = MappingProxyType(
    {
        # of a partner's standing
        "good": message("good"),
        "watch": message("watch"),
        "rectification": message("rectification"),
        "suspension": message("suspension"),
        "termination": message("termination"),
        # of a proposal
        "pending": message("waits for a decision"),
        "accepted": message("accepted"),
        "refused": message("refused"),
        "no change": message("no change"),
        # of a batch
        "prepared": message("prepared"),
        "approved": message("approved"),
        "returned": message("returned"),
        "held": message("held"),
        "released": message("released"),
        "void": message("void"),
        "published": message("published"),
        # of a claim's lines, and for whom they wait
        "agreed": message("agreed"),
        "disputed": message("disputed"),
        "the partner": message("the partner"),
        "a decision": message("a decision"),
        "a second person": message("a second person"),
        # of a case
        "open": message("open"),
        "confirmed": message("confirmed"),
        "explained": message("explained"),
        # of a league or an experiment
        "better": message("better"),
        "worse": message("worse"),
        "not worse": message("not worse"),
        "not told apart": message("not told apart"),
        "too few cases": message("too few cases"),
        # of an account that comes back
        "by_bank": message("the bank asked for it"),
        "complaint": message("complaint"),
        "low_activity": message("nobody was tried"),
        "term_ended": message("the term ended"),
        "reallocated": message("placed anew"),
        "left_the_book": message("it left the book"),
        "standing": message("the partner is suspended"),
        # of what a partner returns
        "activity_data": message("data of its work"),
        "payment_data": message("data of payments"),
        "staff_list": message("list of its people"),
        "recordings": message("recordings"),
        "complaint_list": message("list of complaints"),
        "audit": message("audit"),
        "insurance": message("insurance"),
        "no rows": message("no rows"),
        "missed": message("missed"),
        "met": message("met"),
    }
)

# A group called `…_said` is said in turn; what looks like a number is shown as one; other groups stand as they are.
_SENTENCES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), text)
    for pattern, text in (
        # Notes of scores
        (rf"best of (?P<num>\d+) peers of (?P<group>.+): (?P<who>.+) with (?P<value>{_NUMBER})",
         message("best of %(num)s peers of %(group)s: %(who)s with %(value)s")),
        (rf"best of (?P<num>\d+) peers: (?P<who>.+) with (?P<value>{_NUMBER})",
         message("best of %(num)s peers: %(who)s with %(value)s")),
        (r"best of (?P<num>\d+) peers of (?P<group>.+)", message("best of %(num)s peers of %(group)s")),
        (r"best of (?P<num>\d+) peers", message("best of %(num)s peers")),
        (r"median of (?P<num>\d+) peers of (?P<group>.+)", message("middle of %(num)s peers of %(group)s")),
        (r"median of (?P<num>\d+) peers", message("middle of %(num)s peers")),
        (rf"weight of (?P<weight>{_NUMBER}) in all", message("weight of %(weight)s in all")),
        (r"target: (?P<place>.+)", message("target: %(place)s")),
        (r"no target", message("no target")),
        (r"no target: (?P<num>\d+) peers with a value, (?P<fewest>\d+) are needed",
         message("no target: %(num)s peers with a value, %(fewest)s are needed")),
        (r"no target: the best of (?P<num>\d+) peers is 0", message("no target: the best of %(num)s peers is 0")),
        (r"no target: the median of (?P<num>\d+) peers is 0", message("no target: the middle of %(num)s peers is 0")),
        (r"halted: it reads a table that the gate has stopped",
         message("halted: it reads a table that the gate has stopped")),
        (r"no value", message("no value")),
        (r"no value in (?P<currency>[A-Z]{3})", message("no value in %(currency)s")),
        (r"no value: halted", message("no value: halted")),
        (r"not measured", message("not measured")),
        (r"several currencies: (?P<currencies>.+)", message("several currencies: %(currencies)s")),
        (rf"too little to go by: (?P<what>\S+) is (?P<value>{_NUMBER}), (?P<least>{_NUMBER}) are needed",
         message("too little to go by: %(what)s is %(value)s, %(least)s are needed")),
        (rf"too little to go by: (?P<what>\S+) is nothing, (?P<least>{_NUMBER}) are needed",
         message("too little to go by: nothing is known of %(what)s, %(least)s are needed")),
        (r"carried from (?P<day>[\d-]+)", message("carried from %(day)s")),
        # Conditions of standings
        (r"nothing leads from (?P<state_said>\w+)", message("nothing leads from %(state_said)s")),
        (r"score (?P<what>\S+) (?P<bounds_said>.+)", message("score %(what)s %(bounds_said)s")),
        (_LIKE_FOR_LIKE, ""),
        (r"all commitments kept", message("all commitments kept")),
        (r"all commitments kept in (?P<months>\d+) months", message("all commitments kept in %(months)s months")),
        (r"at least (?P<least>\d+) commitments broken", message("at least %(least)s commitments broken")),
        (r"at least (?P<least>\d+) commitments broken in (?P<months>\d+) months",
         message("at least %(least)s commitments broken in %(months)s months")),
        (r"the deadline of the rectification is (?P<is_said>missed|met)",
         message("the deadline of the rectification is %(is_said)s")),
        (r"at least (?P<months>\d+) months in the state", message("at least %(months)s months in the state")),
        # Duties
        (r"(?P<duty_said>[a-z_]+) (?:of )?(?P<month>\d{4}-\d\d): (?P<what_said>.+)",
         message("%(duty_said)s of %(month)s: %(what_said)s")),
        (r"(?P<duty_said>[a-z_]+) (?P<month>\d{4}-\d\d)", message("%(duty_said)s of %(month)s")),
        (r"due on (?P<day>[\d-]+), (?P<what_said>.+)", message("due on %(day)s, %(what_said)s")),
        (r"came on (?P<day>[\d-]+)", message("came on %(day)s")),
        (r"came on (?P<day>[\d-]+), (?P<days>\d+) days late", message("came on %(day)s, %(days)s days late")),
        (r"came on (?P<day>[\d-]+), not in the agreed form", message("came on %(day)s, not in the agreed form")),
        (r"has not come", message("has not come")),
        (r"never landed", message("never landed")),
        (r"not yet due", message("not yet due")),
        (r"no returns of partners have landed here", message("no returns of partners have landed here")),
        # Cases of integrity signals
        (rf"(?P<title>.+): fired at (?P<hits>{_COUNT}) of (?P<rows>{_COUNT}) rows \((?P<share>{_PERCENT})\)",
         message("%(title)s: fired at %(hits)s of %(rows)s rows (%(share)s)")),
        (_OF_PEERS, ""),
        (rf"of (?P<subjects>{_COUNT}) honest ones looked at, (?P<chance_said>.+) would show as many",
         message("of %(subjects)s honest ones looked at, %(chance_said)s would show as many")),
        (r"fewer than 0\.001", message("fewer than 0.001")),
    )
)  # fmt: skip

_LEAGUE = {
    (False, False): message("%(rate)s like for like is %(verdict_said)s"),
    (True, False): message("%(rate)s like for like, alike in %(strata)s, is %(verdict_said)s"),
    (False, True): message("%(rate)s like for like is %(verdict_said)s in %(months)s months"),
    (True, True): message("%(rate)s like for like, alike in %(strata)s, is %(verdict_said)s in %(months)s months"),
}
_PEERS = {
    False: message("of the peers' %(rows)s rows it fired at %(hits)s (%(share)s); up to %(usual)s counts as usual"),
    True: message("of the peers' %(rows)s rows it fired at %(hits)s (%(share)s), 95 %%: %(low)s to %(high)s; up to "
                  "%(usual)s counts as usual"),
}  # fmt: skip
_BOUNDS = {
    "below": message("below %(value)s"),
    "above": message("above %(value)s"),
    "at least": message("at least %(value)s"),
    "at most": message("at most %(value)s"),
}
_BOUND = re.compile(rf"(below|above|at least|at most) ({_NUMBER})")
_OF_KPI = re.compile(rf"(?P<what>\w+) (?P<bounds>(?:below|above|at least|at most) {_NUMBER}.*)")


def said(text: str, formats: Formats, titles: Mapping[str, str] = MappingProxyType({})) -> str:
    """A stored text in the language of `formats`; its sentences are parted by semicolons."""
    return text if not text else "; ".join(_sentence(each, formats, titles) for each in text.split("; "))


def state_said(state: str, formats: Formats) -> str:
    """A state, kind or reason by its code."""
    return words_of(formats.language).gettext(STATES[state]) if state in STATES else state


def _sentence(text: str, formats: Formats, titles: Mapping[str, str]) -> str:
    for pattern, words in _SENTENCES:
        found = pattern.fullmatch(text)
        if found:
            given = found.groupdict()
            return words_of(formats.language).gettext(words or _words(given)) % {
                name: _value(name, value, formats, titles) for name, value in given.items() if value is not None
            }
    found = _OF_KPI.fullmatch(text)
    if found and found["what"] != "score":
        return f"{titles.get(found['what'], found['what'])} {_bounds(found['bounds'], formats)}"
    return titles.get(text, text)


def _words(given: Mapping[str, str | None]) -> str:
    """Of sentences whose parts may be missing."""
    if "verdict_said" in given:
        return _LEAGUE[given["strata"] is not None, given["months"] is not None]
    return _PEERS[given["low"] is not None]


def _value(name: str, value: str, formats: Formats, titles: Mapping[str, str]) -> str:
    if name == "bounds_said":
        return _bounds(value, formats)
    if name.endswith("_said") or value == "no rows":
        return state_said(value, formats) if value in STATES else _sentence(value, formats, titles)
    if name == "strata" or name == "place":
        return value
    if value.endswith(" %"):
        return formats.share(Decimal(value[:-2]) / 100)
    if re.fullmatch(_NUMBER, value):
        return formats.number(Decimal(value))
    if re.fullmatch(_COUNT, value):
        return formats.count(int(value.replace(",", "")))
    return titles.get(value, value)


def _bounds(text: str, formats: Formats) -> str:
    """Such as `below 60 in 2 months`, or `above 0.001, the whole interval`."""
    gettext = words_of(formats.language).gettext
    bounds = [gettext(_BOUNDS[how]) % {"value": formats.number(Decimal(value))} for how, value in _BOUND.findall(text)]
    made = gettext(" and ").join(bounds)
    if months := re.search(r" in (\d+) months", text):
        made = gettext("%(bounds)s in %(months)s months") % {"bounds": made, "months": months[1]}
    return gettext("%(bounds)s, the whole interval") % {"bounds": made} if "the whole interval" in text else made
