"""One mistake each: the code that people are told, and the place, which is marked with ▶ in the file."""

from __future__ import annotations

import pytest

from adapters.rule_files import parse_document, read_rule_book
from kpi_rules.rulebook import decode_kpi_rules

HEAD = "title: T\n    owner: o\n    valid_from: 2026-01-01\n    review_by: 2027-01-01\n    "


def kpis(**rules):
    """A file with a KPI of each name; all of them have the keys of every rule."""
    return "kpis:\n" + "".join(f"  - id: {name}\n    {HEAD}{rest}\n" for name, rest in rules.items())


MEASURED = "good: higher\n    grains: [employee]\n    type: "
COUNT = f"unit: count\n    {MEASURED}simple\n    dataset: contacts\n    measure: count"
SUM = f"unit: money\n    {MEASURED}simple\n    dataset: credits\n    measure: sum\n    of: recovered"
RATIO = f"unit: ratio\n    {MEASURED}ratio\n    "
DERIVED = f"unit: ratio\n    {MEASURED}derived\n    formula: "
CURVE = "curve: {points: [{attainment: 0, points: 0}, {attainment: 1, points: 100}], below: 0, above: 100}\n    "
CARD = f"scorecards:\n  - id: s\n    {HEAD}department: d\n    missing: zero\n    {CURVE}parts:\n"
WEIGHED = CARD + "      - {kpi: calls, weight: 1}\n"
TARGET = f"targets:\n  - id: t\n    {HEAD}"
WHOLE = "prorate: whole\n    "
GOAL = f"{TARGET}{WHOLE}values: {{calls: 1}}\n"
CREDIT = f"credit_rules:\n  - id: c\n    {HEAD}look_back_days: 9\n    order: 1\n    to: "


def count(*, where="", **replaced):
    """The rule of a count, with a condition, and with some words replaced."""
    text = COUNT + (f"\n    where: {where}" if where else "")
    for old, new in replaced.items():
        text = text.replace(old, new)
    return text


def scored(card, **rule):
    return kpis(calls=count(**rule)) + GOAL + card


def gated(gate):
    return WEIGHED + f"    gates: [▶{{kpi: calls, {gate}, missing: holds}}]\n"


ALL = COUNT.replace("[employee]", "[employee, team, department]")


def shared(each, cascade, values="a: 100"):
    """A target that is shared out, beside a count, a share, an amount, and a count of teams."""
    figures = kpis(a=ALL, m=SUM, r=f"{RATIO}numerator: a\n    denominator: a", t=COUNT.replace("employee", "team"))
    return figures + TARGET + f"each: {each}\n    {WHOLE}cascade: {{{cascade}}}\n    values: {{{values}}}\n"


def part(name, text, values="{a: 1}"):
    scope = "each: department\n    department: d"
    return f"targets:\n  - id: {name}\n    {HEAD}{scope}{text}\n    values: {values}\n"


def parted(text, values="{a: 9}"):
    """A department's target of 9, and a part of it."""
    whole = kpis(a=ALL, r=ALL) + part("w", "", "{a: 9}")
    return whole + f"  - id: p\n    {HEAD}{text}\n    values: {values}\n"


def limit(text):
    head = f"    {HEAD}source: s\n    severity: hard\n    jurisdiction: VN\n"
    return f"limits:\n  - id: l\n{head}    {text}\n"


# what is wrong, file, code, words of the message
MISTAKES = [
    ("an unknown section", "▶kpi:\n  - id: a\n", "KPI001", 'unknown section "kpi"'),
    ("a section that is no list", "kpis:\n  ▶a: {}\n", "KPI001", "no list"),
    ("a file that is a list", "▶- kpis\n", "KPI001", "no mapping"),
    ("a kind that there is not", kpis(a=count(simple="▶sum")), "RUL003", "there are simple"),
    ("no kind", kpis(a=COUNT.replace("type: simple\n    ", "")).replace("id", "▶id", 1), "RUL002", '"type" is missing'),
    ("a key that there is not", kpis(a=COUNT + "\n    ▶filter: x"), "RUL001", 'unknown key "filter"'),
    ("a key that is missing", kpis(a=COUNT.replace("good: higher\n    ", "")).replace("id", "▶id", 1),
     "RUL002", '"good"'),
    ("a unit that there is not", kpis(a=COUNT.replace("unit: count", "unit: ▶đồng")), "RUL003", "unit"),
    ("an id with a dash", kpis(**{"▶a-b": COUNT}), "RUL005", "pattern"),
    ("no end and no review", kpis(a=COUNT).replace("    review_by: 2027-01-01\n", "").replace("id", "▶id", 1),
     "RUL004", "review_by"),
    ("two versions on one day", kpis(a=COUNT) + kpis(a=COUNT).replace("kpis:\n", "").replace("id: a", "id: ▶a"),
     "RUL010", "two versions"),
    ("a dataset that there is not", kpis(a=count(contacts="▶contact")), "KPI002", 'unknown dataset "contact"'),
    ("a column that there is not", kpis(a=SUM.replace("recovered", "▶recoverd")), "KPI003", '"recoverd" in credits'),
    ("a condition on no column", kpis(a=count(where="▶chanel == 1")), "EXP003", "chanel"),
    ("a code that never occurs", kpis(a=count(where='channel == ▶"fax"')), "EXP007", "fax"),
    ("a condition that is a number", kpis(a=count(where="▶duration_seconds")), "EXP004", "expected a bool"),
    ("a division of rows", kpis(a=count(where="▶duration_seconds / 2 > 1")), "EXP008", "summed"),
    ("a condition that runs code", kpis(a=count(where='▶open("x")')), "EXP005", "open"),
    ("a sum of nothing", kpis(a=COUNT.replace("measure: count", "measure: ▶sum")), "KPI004", "needs a column"),
    ("a count of a column", kpis(a=COUNT + "\n    of: ▶outcome"), "KPI004", "counts rows"),
    ("a sum of words", kpis(a=SUM.replace("recovered", "▶reason")), "KPI005", "it has no sum"),
    ("a grain that rows do not know", kpis(a=COUNT.replace("contacts", "reviews").replace("[employee]", "▶[branch]")),
     "KPI006", "does not know the branch"),
    ("an operand that there is not", kpis(a=COUNT, b=f"{RATIO}numerator: a\n    denominator: ▶aa"),
     "KPI007", 'unknown KPI "aa"'),
    ("a formula of no KPI", kpis(a=COUNT, b=f"{DERIVED}a / ▶bb"), "EXP003", '"bb"'),
    ("money added to a count", kpis(a=COUNT, m=SUM, b=f"{DERIVED}▶a + m"), "EXP004", "count + money has no meaning"),
    ("an operand that has ended", kpis(a=COUNT, b=f"{DERIVED}▶a / a").replace("review_by: 2027", "valid_to: 2027", 1),
     "KPI008", '"a" is not in force on 2027-01-01'),
    ("an operand without the grain", kpis(a=COUNT.replace("employee", "team"), b=f"{DERIVED}▶a / a"),
     "KPI009", "not measured per employee"),
    ("another unit", kpis(a=COUNT.replace("unit: count", "unit: ▶money")), "KPI010", "gives a count"),
    ("a breakdown by an open column", kpis(a=COUNT + "\n    by: ▶account_id"), "KPI011", "no closed list"),
    ("a value that never occurs", kpis(a=COUNT + "\n    by: outcome\n    values: ▶[bussy]"), "KPI011", "never 'bussy'"),
    ("values of no column", kpis(a=COUNT + "\n    values: ▶[busy]"), "KPI011", "no column"),
    ("the name of a breakdown's figure", kpis(**{"a": COUNT + "\n    by: outcome", "▶a_busy": COUNT}),
     "KPI012", "also the name"),
    ("a parameter left out", kpis(a=count(contacts="▶promises_due")), "KPI013", 'needs the parameter "grace_days"'),
    ("a parameter too large", kpis(a=count(contacts="promises_due") + "\n    parameters: {grace_days: ▶99}"),
     "KPI013", "from 0 to 31"),
    ("a parameter that there is not", kpis(a=COUNT + "\n    parameters: {days: ▶9}"), "KPI013", 'no parameter "days"'),
    ("a window over balances", kpis(a=count(simple="cumulative", contacts="accounts") + "\n    window_days: ▶7"),
     "KPI014", "not summed over days"),
    ("KPIs made of each other", kpis(a=f"{DERIVED}▶b / 2", b=f"{DERIVED}a / 2"), "KPI015", "a → b → a"),
    ("a unit that changes", kpis(a=COUNT).replace("review_by: 2027-01-01", "valid_to: 2026-06-01")
     + kpis(a=SUM.replace("unit: ", "unit: ▶")).replace("kpis:\n", "").replace("2026-01-01", "2026-06-01"),
     "KPI016", "was a count"),
    ("a count per amount", kpis(a=COUNT, m=SUM, b=f"{RATIO}numerator: a\n    denominator: ▶m"), "KPI017", "no meaning"),
    ("an average in a ratio", kpis(b=f"{RATIO}numerator: {{dataset: reviews, measure: ▶average, of: score}}\n"
                                   "    denominator: {dataset: reviews, measure: count}"), "KPI005", "no sum"),
    ("weights that do not sum to 1", scored(CARD + "      ▶- {kpi: calls, weight: 0.9}\n"), "KPI020", "sum to 0.9"),
    ("a curve that turns back", scored(WEIGHED.replace("attainment: 1", "attainment: ▶0")), "KPI021", "comes after"),
    ("a part of no KPI", scored(WEIGHED.replace("calls", "▶call")), "KPI007", 'unknown KPI "call"'),
    ("a part that is no person's", kpis(calls=COUNT.replace("employee", "team")) + WEIGHED.replace("calls", "▶calls")
     + GOAL.replace("prorate: whole", "each: team"), "KPI022", "not measured per employee"),
    ("two scorecards of a department", scored(WEIGHED + WEIGHED.replace("scorecards:\n", "").replace("id: s", "id: z")
                                              .replace(": d\n", ": ▶d\n")), "KPI023", "already has the scorecard"),
    ("a KPI weighed twice", scored(CARD + "      - {kpi: calls, weight: 0.5}\n      - {kpi: ▶calls, weight: 0.5}\n"),
     "KPI024", "twice"),
    ("a part without target", kpis(calls=COUNT) + WEIGHED.replace("calls", "▶calls"), "KPI025", "no target"),
    ("a target stated twice", kpis(a=COUNT) + TARGET
     + f"{WHOLE}values: {{a: 1}}\n  - id: u\n    {HEAD}{WHOLE}values: {{a: ▶2}}\n",
     "KPI030", "also stands at"),
    ("two scopes", kpis(a=COUNT) + TARGET + WHOLE + "team: T\n    employee: ▶E\n    values: {a: 1}\n",
     "KPI031", "one scope"),
    ("a target of what is not measured", kpis(a=COUNT) + TARGET + "each: team\n    values: {a: ▶1}\n",
     "KPI032", "not measured per team"),
    ("a gate with two bounds", scored(gated("at_most: 1, at_least: 2, otherwise: {times: 0}")), "KPI026", "one bound"),
    ("a gate without effect", scored(gated("at_most: 1, otherwise: ▶{}").replace("▶{kpi", "{kpi")),
     "KPI026", "one effect"),
    ("nothing said of what is carried", scored(WEIGHED.replace("missing: zero", "missing: ▶carry")),
     "KPI028", "together"),
    ("carried for ever", scored(WEIGHED.replace("missing: zero", "missing: carry\n    "
                                                "carry: {months: ▶13, otherwise: zero}")), "RUL005", "12"),
    ("a gate of no KPI", scored(gated("at_most: 1, otherwise: {times: 0}").replace("▶{kpi: calls", "{kpi: ▶call")),
     "KPI007", 'unknown KPI "call"'),
    ("a gate on money", kpis(calls=count(), m=SUM) + GOAL
     + gated("at_most: 1, otherwise: {times: 0}").replace("▶{kpi: calls", "{kpi: ▶m"), "KPI027", "an amount"),
    ("peers in no currency", kpis(calls=count(), m=SUM) + GOAL
     + CARD + "      - {kpi: m, weight: 1, peers: ▶{against: best, tie_band: 0, fewest: 2}}\n",
     "KPI027", "one currency"),
    ("a tie band of everything", scored(WEIGHED.replace("1}", "1, peers: {against: best, tie_band: ▶1, fewest: 2}}")),
     "RUL005", "less than 1"),
    ("hours that are none", limit('forbids: {kind: outside_hours, starts: ▶"21:00", ends: "07:00"}'),
     "KPI060", "are none"),
    ("an hour that there is not", limit('forbids: {kind: outside_hours, starts: ▶"7:00", ends: "21:00"}'),
     "RUL005", "starts"),
    ("days that are none", limit("forbids: ▶{kind: on_days, holidays: false}"), "KPI061", "no day"),
    ("a day that there is not", limit("forbids: {kind: on_days, weekdays: [▶someday], holidays: false}"),
     "RUL003", "sunday"),
    ("everything forbidden", limit("forbids: ▶{kind: never}"), "KPI062", "every contact"),
    ("a column that contacts do not have", limit("where: ▶chanel == 1\n    forbids: {kind: never}"),
     "EXP003", "chanel"),
    ("a name of a person", limit("where: ▶full_name == 'x'\n    forbids: {kind: never}"), "EXP003", "full_name"),
    ("a window beyond what is at hand", limit("forbids: {kind: more_than, count: 1, per: account, days: ▶15}"),
     "RUL005", "14"),
    ("counted for what there is not", limit("forbids: {kind: more_than, count: 1, per: ▶house, days: 1}"),
     "RUL003", "contact_point"),
    ("after what cannot be read", limit("forbids: {kind: too_soon, days: 1, per: account, after: ▶duration_seconds}"),
     "EXP004", "bool"),
    ("a kind of limit that there is not", limit("forbids: {kind: ▶sometimes}"), "RUL003", "never"),
    ("no source", limit("forbids: {kind: never}").replace("    source: s\n", "").replace("id: l", "▶id: l"),
     "RUL002", "source"),
    ("a jurisdiction in words", limit("forbids: {kind: never}").replace("VN", "▶Vietnam"), "RUL005", "jurisdiction"),
    ("an amount without currency", kpis(m=SUM) + TARGET + WHOLE + "values: {m: ▶1}\n", "KPI033", "without a currency"),
    ("a person's scope for teams", kpis(a=COUNT.replace("employee", "team")) + TARGET
     + "each: team\n    employee: ▶E\n    values: {a: 1}\n", "KPI034", "for each team"),
    ("calls of half a month", kpis(a=COUNT) + TARGET + "values: {a: ▶1}\n", "KPI035", "does not say what is due"),
    ("a team's target by days", kpis(a=COUNT.replace("employee", "team")) + TARGET
     + "each: team\n    prorate: ▶whole\n    values: {a: 1}\n", "KPI036", "not prorated"),
    ("days worked without saying which", kpis(a=COUNT) + TARGET
     + "prorate: {by: ▶days_worked, employment_share: true}\n    values: {a: 1}\n", "KPI037", "and only it"),
    ("days of no kind", kpis(a=COUNT) + TARGET
     + "prorate: {by: ▶days, employment_share: true}\n    values: {a: 1}\n", "RUL003", "working_days"),
    ("a word that says nothing", kpis(a=COUNT) + TARGET + "prorate: ▶half\n    values: {a: 1}\n", "RUL003", "whole"),
    ("a target of zero", kpis(a=COUNT) + TARGET + "values: {a: ▶0}\n", "RUL005", "greater than 0"),
    ("a target of no KPI", kpis(a=COUNT) + TARGET + "values: {b: ▶1}\n", "KPI007", 'unknown KPI "b"'),
    ("credit for the weather", CREDIT + "{kind: ▶weather}\n", "RUL003", "weather"),
    ("shares that are not the whole", CREDIT + "\n      kind: split\n      parts:\n"
     "        ▶- {share: 0.5, to: {kind: house}}\n"
     "        - {share: 0.4, to: {kind: owner, date: paid_on}}\n", "KPI041", "sum to 0.9, expected 1"),
    ("owners by two dates", CREDIT + "\n      ▶kind: split\n      parts:\n"
     "        - {share: 0.5, to: {kind: owner, date: posted_on}}\n"
     "        - {share: 0.5, to: {kind: owner, date: paid_on}}\n", "KPI042", "paid_on and on posted_on"),
    ("a contact without that column", CREDIT + "{kind: last_contact, within_days: 3, otherwise: {kind: house}, where: "
     "▶outcom == 'promise'}\n", "EXP003", "outcom"),
    ("nobody said otherwise", CREDIT + "▶{kind: promise_taker, grace_days: 3}\n", "RUL002", "otherwise"),
    ("two ways over accounts", CREDIT + "{kind: house}\n    over_accounts: oldest_first\n"
     + CREDIT.replace("credit_rules:\n", "").replace("id: c", "id: e").replace("order: 1", "order: 2")
     + "{kind: house}\n    over_accounts: ▶largest_first\n", "KPI043", "oldest_first"),
    ("parts of what is each employee's", kpis(a=COUNT) + TARGET
     + f"{WHOLE}cascade: ▶{{by: equal, step: 1}}\n    values: {{a: 1}}\n", "TGT010", "already"),
    ("a team's value for its teams", shared("team", "by: equal, step: 1, teams: ▶{by: equal, step: 1}"),
     "TGT010", "each team already"),
    ("a value that is no whole step", shared("team", "by: equal, step: 40", "a: ▶100"), "TGT011", "no multiple of"),
    ("teams that get half a step", shared("department", "by: equal, step: 4, teams: {by: equal, step: ▶10}"),
     "TGT011", "10 is no multiple of 4"),
    ("a step of nothing", shared("team", "by: equal, step: ▶0"), "RUL005", "greater than 0"),
    ("a weight that there is not", shared("team", "by: ▶weight, step: 1"), "RUL003", "capacity"),
    ("a weight of no KPI", shared("team", "by: {kpi: ▶b}, step: 1"), "KPI007", 'unknown KPI "b"'),
    ("a weight that does not add up", shared("team", "by: {kpi: ▶r}, step: 1"), "TGT012", "does not add up"),
    ("a weight in no currency", shared("team", "by: {kpi: ▶m}, step: 1"), "TGT012", "one currency"),
    ("parts for unstated days", shared("team", "by: equal, step: 1", "a: ▶100").replace(WHOLE, ""),
     "TGT013", "for which days"),
    ("parts of what is no person's", shared("team", "by: equal, step: 1", "t: ▶100"), "KPI032", "per employee"),
    ("a part and a target for each", shared("team", "by: equal, step: 1", "a: ▶100")
     + f"  - id: u\n    {HEAD}{WHOLE}values: {{a: 1}}\n", "KPI030", "too"),
    ("a part of nothing", kpis(a=ALL) + part("t", "\n    part_of: ▶w"), "TGT020", 'a part of "w"'),
    ("a part of itself", kpis(a=ALL) + part("t", "\n    part_of: ▶t"), "TGT020", "no other target"),
    ("a part for each team", parted("each: team\n    part_of: ▶w"), "TGT021", "for each"),
    ("a part in another currency", parted("each: team\n    team: T\n    currency: VND\n    part_of: ▶w"),
     "TGT022", "a part in VND"),
    ("a part of what the whole does not state", parted("each: team\n    team: T\n    part_of: w", "{r: ▶1}"),
     "TGT022", 'states no "r"'),
    ("parts that are too little", parted("each: team\n    team: T\n    part_of: w", "{a: 6}").replace("a: 9", "a: ▶9"),
     "TGT023", "sum to 6 of 9 on 2026-01-01: 3 too little"),
    ("days without a target", kpis(a=COUNT) + TARGET.replace("review_by: 2027-01-01", "valid_to: 2026-03-01")
     + f"{WHOLE}values: {{a: 1}}\n  - id: t\n    {HEAD.replace('2026-01-01', '2026-04-01')}{WHOLE}values: {{a: ▶1}}\n",
     "TGT024", "from 2026-03-01 up to 2026-04-01"),
    ("leave of no kind", f"long_leave:\n  - id: l\n    {HEAD}days: 30\n    kinds: [▶hunting]\n", "RUL003", "parental"),
    ("leave of no days", f"long_leave:\n  - id: l\n    {HEAD}days: ▶0\n    kinds: [unpaid]\n", "RUL005", "days"),
    ("credit on a balance", CREDIT + "{kind: house}\n    where: ▶balance > 0\n", "EXP003", "balance"),
    ("two credit rules at once", CREDIT + "{kind: house}\n" + CREDIT.replace("credit_rules:\n", "")
     .replace("id: c", "id: e").replace("order: ", "order: ▶") + "{kind: house}\n", "KPI040", "same order"),
    ("a target that may not change within a month", kpis(a=COUNT) + TARGET.replace("review_by: 2027-01-01",
     "valid_to: 2026-03-11") + f"{WHOLE}changes: refuse\n    values: {{a: 1}}\n  - id: t\n    "
     f"{HEAD.replace('valid_from: 2026-01-01', 'valid_from: ▶2026-03-11')}{WHOLE}values: {{a: 2}}\n", "KPI018",
     "changes: refuse"),
    ("a scorecard by days", scored(WEIGHED.replace("missing: zero", "changes: ▶by_days\n    missing: zero")), "KPI029",
     "a score is of a month"),
    ("a scorecard that may not change within a month", scored(
     WEIGHED.replace("review_by: 2027-01-01", "valid_to: 2026-03-11").replace("missing: zero",
     "missing: zero\n    changes: refuse") + WEIGHED.replace("scorecards:\n", "").replace("id: s", "id: other")
     .replace("valid_from: 2026-01-01", "valid_from: ▶2026-03-11")), "KPI018", "changes: refuse"),
    ("parts by days", shared("team", "by: equal, step: 1").replace("cascade:", "changes: ▶by_days\n    cascade:"),
     "TGT025", "shared out once a month"),
    ("targets by days in two currencies", kpis(a=COUNT, m=SUM)
     + TARGET.replace("review_by: 2027-01-01", "valid_to: 2026-03-11")
     + f"{WHOLE}currency: VND\n    values: {{m: 1}}\n  - id: t\n    {HEAD.replace('2026-01-01', '2026-03-11')}{WHOLE}"
     "currency: CNY\n    changes: ▶by_days\n    values: {m: 2}\n", "TGT025", "in CNY, and before it in VND"),
    ("credit that may not change within a month", CREDIT.replace("review_by: 2027-01-01", "valid_to: 2026-03-11")
     + "{kind: house}\n    changes: refuse\n" + CREDIT.replace("credit_rules:\n", "")
     .replace("valid_from: 2026-01-01", "valid_from: ▶2026-03-11") + "{kind: house}\n", "KPI018", "changes: refuse"),
    ("ways over accounts that change within a month", CREDIT.replace("review_by: 2027-01-01", "valid_to: 2026-03-11")
     + "{kind: house}\n    over_accounts: oldest_first\n" + CREDIT.replace("credit_rules:\n", "")
     .replace("2026-01-01", "2026-03-11") + "{kind: house}\n    over_accounts: ▶largest_first\n", "KPI043",
     "in all credit rules of a month"),
    ("one order, and a version that is stretched over the month",
     CREDIT.replace("review_by: 2027-01-01", "valid_to: 2026-03-11") + "{kind: house}\n"
     + CREDIT.replace("credit_rules:\n", "").replace("id: c", "id: e").replace("2026-01-01", "2026-03-20")
     .replace("order: ", "order: ▶") + "{kind: house}\n    changes: whole_month\n", "KPI040", "same order"),
    ("a list for a part of a ratio", kpis(a=COUNT, b=f"{RATIO}numerator: ▶[a]\n    denominator: a"), "RUL005",
     "keys with values"),
    ("a key of a measure misspelt", kpis(b=f"{RATIO}numerator: {{dataset: contacts, measure: count, ▶wher: x}}\n"
                                         "    denominator: {dataset: contacts, measure: count}"), "RUL001", '"where"'),
    ("a ratio of one number", kpis(a=COUNT, b=f"{RATIO}numerator: a").replace("id: b", "▶id: b"), "RUL002",
     '"denominator" is missing. Add it. By what'),
    ("a grain that is no list", kpis(a=COUNT.replace("[employee]", "▶employee")), "RUL005", "Write [one, two]"),
    ("no grain", kpis(a=COUNT.replace("[employee]", "▶[]")), "RUL005", "an empty list; it has to hold at least 1"),
    ("a grain misspelt", kpis(a=COUNT.replace("[employee]", "[▶employe]")), "RUL003", 'Did you mean "employee"'),
    ("a grain that only results have", kpis(a=COUNT.replace("[employee]", "[▶posting]")), "RUL003", "portfolio"),
    ("an end before the beginning", kpis(a=COUNT).replace("review_by: 2027", "valid_to: 2025").replace("id", "▶id", 1),
     "RUL004", "lies after valid_from"),
    ("an id too long", kpis(**{"▶" + "a" * 41: COUNT}), "RUL005", "at most 40 characters"),
    ("a title in no language of ours", kpis(a=COUNT).replace("title: T", "title: T\n    titles: {fr: ▶T}"), "RUL003",
     "one of vi, zh"),
    ("a title that is a number", kpis(a=COUNT).replace("title: T", "title: ▶2026"), "RUL005", "Put it in quotes"),
    ("a date as people write it", kpis(a=COUNT).replace("2026-01-01", "▶01/02/2026"), "RUL005", "year-month-day"),
    ("a measure that there is not", kpis(a=COUNT.replace("measure: count", "measure: ▶total")), "RUL003", "average"),
    ("up is no direction", kpis(a=COUNT.replace("good: higher", "good: ▶up")), "RUL003", "Which direction is better"),
    ("the least of words", kpis(a=SUM.replace("sum", "min").replace("recovered", "▶reason")), "KPI005", "has no min"),
    ("one equals sign", kpis(a=count(where='channel ▶= "call"')), "EXP001", "Write == to compare"),
    ("and in capitals", kpis(a=count(where="duration_seconds > 1 ▶AND duration_seconds < 9")), "EXP001", "Write and"),
    ("and as a sign", kpis(a=count(where="duration_seconds > 1 ▶&& duration_seconds < 9")), "EXP001", "Write and"),
    ("unequal as in SQL", kpis(a=count(where="duration_seconds ▶<> 5")), "EXP001", "Write !="),
    ("between", kpis(a=count(where="duration_seconds ▶between 1 and 9")), "EXP001", "Write 1 <= name"),
    ("per cent in a condition", kpis(a=count(where="duration_seconds > 60▶%")), "EXP001", "as a share: 0.6"),
    ("a text without quotes", kpis(a=count(where="outcome == ▶promise")), "EXP003", 'in quotes: "promise"'),
    ("a date without quotes", kpis(a=count(where="started_wall > ▶2026-01-01")), "EXP001", "Write it in quotes"),
    ("quotation marks of a letter", kpis(a=count(where="channel == ▶“call”")), "EXP001", "straight ones"),
    ("a full-width sign", kpis(a=count(where='channel ▶＝＝ "call"')), "EXP001", "half-width"),
    ("a bracket left open", kpis(a=count(where="▶(duration_seconds > 5")), "EXP001", "never closed"),
    ("a text held against a number", kpis(a=count(where="channel > ▶5")), "EXP004", "text cannot be compared"),
    ("none by name", kpis(a=count(where="outcome == ▶None")), "EXP002", "is_missing"),
    ("a sum in a condition", kpis(a=count(where="▶sum(duration_seconds) > 5")), "EXP005", "unknown function"),
    ("an empty condition", kpis(a=COUNT + '\n    where: ▶""'), "EXP001", "it is empty"),
    ("no window", kpis(a=count(simple="cumulative")).replace("id", "▶id", 1), "RUL002", "window_days"),
    ("a window of no days", kpis(a=count(simple="cumulative") + "\n    window_days: ▶0"), "RUL005", "equal to 1"),
    ("half a day", kpis(a=count(simple="cumulative") + "\n    window_days: ▶7.5"), "RUL005", "a whole number"),
    ("a window in words", kpis(a=count(simple="cumulative") + "\n    window_days: ▶a week"), "RUL005", "'a week'"),
    ("a KPI made of itself", kpis(a=f"{DERIVED}▶a / 2"), "KPI015", "a → a"),
    ("times as a letter", kpis(a=COUNT, b=f"{DERIVED}a ▶x 2"), "EXP001", "not an expression"),
    ("credit on a day of no payment", CREDIT + "{kind: owner, date: ▶paidon}\n", "RUL003", 'Did you mean "paid_on"'),
    ("credit to the owner of no day", CREDIT + "▶{kind: owner}\n", "RUL002", '"date" is missing. Add it. On which day'),
    ("credit of no kind", CREDIT + "▶{date: paid_on}\n", "RUL002", '"kind" is missing'),
    ("credit as a word", CREDIT + "▶house\n", "RUL005", "keys with values are expected. Who gets the credit"),
    ("credit to nobody on a day", CREDIT + "{kind: house, ▶date: paid_on}\n", "RUL001", "Known are kind"),
    ("an order below zero", CREDIT.replace("order: 1", "order: ▶-1") + "{kind: house}\n", "RUL005", "equal to 0"),
    ("a curve of one point", scored(WEIGHED.replace("[{attainment: 0", "▶[{attainment: 0")
                                    .replace(", {attainment: 1, points: 100}", "")), "RUL005", "at least 2"),
    ("a key of a point misspelt", scored(WEIGHED.replace("attainment: 1, p", "▶attainmnt: 1, p")), "RUL001",
     'Did you mean "attainment"'),
    ("no curve", scored(WEIGHED.replace(CURVE, "").replace("id: s", "▶id: s")), "RUL002", '"curve" is missing'),
    ("a weight in per cent", scored(CARD + "      - {kpi: calls, weight: ▶50%}\n"), "RUL005", "Write 0.5"),
    ("a weight of a hundred", scored(CARD + "      - {kpi: calls, weight: ▶100}\n"), "RUL005", "sum to 1"),
    ("a role that there is not", scored(WEIGHED.replace("missing: zero", "missing: zero\n    roles: [▶boss]")),
     "RUL003", "collector, leader, manager"),
    ("a missing value that is skipped", scored(WEIGHED.replace("missing: zero", "missing: ▶skip")), "RUL003",
     "redistribute, zero, carry. A part without value"),
    ("parts without dashes", scored(CARD + "      ▶calls: 1\n"), "RUL005", "a list is expected"),
    ("a gate that lifts the score", scored(gated("at_most: 1, otherwise: {times: ▶1.5}").replace("▶{kpi", "{kpi")),
     "RUL005", "less than 1"),
    ("a bound with a comma", scored(WEIGHED + "    gates:\n      - kpi: calls\n        at_most: ▶0,5\n"
                                    "        missing: holds\n        otherwise: {times: 0}\n"), "RUL005", "Write 0.5"),
    ("peers and their mean", scored(WEIGHED.replace("1}", "1, peers: {against: ▶mean, tie_band: 0, fewest: 2}}")),
     "RUL003", "one of best, median"),
    ("a peer alone", scored(WEIGHED.replace("1}", "1, peers: {against: best, tie_band: 0, fewest: ▶1}}")), "RUL005",
     "greater than or equal to 2"),
    ("targets of nothing", TARGET + "values: ▶{}\n", "RUL005", "an empty mapping"),
    ("targets in words", kpis(a=COUNT) + TARGET + WHOLE + "values: {a: ▶many}\n", "RUL005", "a number is expected"),
    ("thousands with commas", kpis(a=COUNT) + TARGET + WHOLE + "values: {a: ▶'1,200'}\n", "RUL005", "Write 1200"),
    ("a currency in small letters", kpis(m=SUM) + TARGET + WHOLE + "currency: ▶vnd\n    values: {m: 1}\n", "RUL005",
     "pattern"),
    ("a key of a share misspelt", kpis(a=COUNT) + TARGET + "prorate: {by: days_worked, ▶without_leaves: [unpaid], "
     "employment_share: true}\n    values: {a: 1}\n", "RUL001", 'Did you mean "without_leave"'),
    ("targets of branches", kpis(a=COUNT) + TARGET + WHOLE + "each: ▶branch\n    values: {a: 1}\n", "RUL003",
     "employee, team, department"),
    ("a limit that is strict", limit("forbids: {kind: never}").replace("hard", "▶strict"), "RUL003", "hard, soft"),
    ("an hour after midnight", limit('forbids: {kind: outside_hours, starts: "07:00", ends: ▶"25:00"}'), "RUL005",
     "nine o'clock"),
    ("an hour without quotes", limit('forbids: {kind: outside_hours, starts: ▶700, ends: "21:00"}'), "RUL005",
     "Put it in quotes"),
    ("attempts in words", limit("forbids: {kind: more_than, count: ▶many, per: account, days: 1}"), "RUL005",
     "How many are allowed"),
    ("a key of a limit misspelt", limit("forbids: {kind: more_than, ▶counts: 3, per: account, days: 1}"), "RUL001",
     'Did you mean "count"'),
    ("a rule that is a word", "kpis:\n  - ▶calls\n", "RUL005", "keys with values are expected"),
    ("a section that is a word", "kpis: ▶none\n", "KPI001", "no list"),
    ("a date with one digit", kpis(a=COUNT).replace("2026-01-01", "▶2026-1-5"), "RUL005", "year-month-day"),
    ("a day that no month has", kpis(a=COUNT).replace("2026-01-01", "▶2026-02-30"), "YML008", "no date"),
    ("a number with a zero in front", CREDIT.replace("order: 1", "order: ▶010") + "{kind: house}\n", "YML008", "zeros"),
    ("a number without end", CREDIT.replace("order: 1", "order: ▶1e999999999") + "{kind: house}\n", "YML008", "digits"),
    ("a tab", kpis(a=COUNT).replace("    owner", "▶\towner"), "YML003", "not with tabs"),
    ("a colon in a text", kpis(a=COUNT).replace("title: T", "title: Calls▶: all"), "YML003", "in quotes"),
    ("a key twice", kpis(a=COUNT).replace("title: T", "title: T\n    ▶title: U"), "YML004", "first at line 3"),
    ("an alias", kpis(a=COUNT).replace("title: T", "title: ▶&t T").replace("owner: o", "owner: *t"), "YML005",
     "anchors"),
    ("a tag that runs code", kpis(a=COUNT).replace("title: T", "title: ▶!!python/name:os T"), "YML007", "tag"),
    ("a tag of a list", kpis(a=COUNT).replace("[employee]", "▶!x [employee]"), "YML007", "tag"),
    ("a list for a key", kpis(a=COUNT).replace("title: T", "▶[a, b]: T\n    title: T"), "YML007", "plain word"),
    ("a bracket of YAML left open", kpis(a=COUNT).replace("[employee]\n    type", "[employee\n    type▶"), "YML003",
     "Close the bracket"),
    ("a quote of YAML first", kpis(a=count(where='"call" ▶== channel')), "YML003", "quoted as a whole"),
    ("a condition left empty", kpis(a=COUNT + "\n    ▶where:"), "YML009", 'nothing stands behind "where:"'),
    ("half a character", kpis(a=COUNT).replace("title: T", 'title: ▶"\\uD800"'), "YML008", "half of a character"),
    ("two documents", kpis(a=COUNT) + "▶---\n" + kpis(b=COUNT), "YML003", "take the line --- out"),
    ("a character of no text", kpis(a=COUNT).replace("title: T", "title: T▶\x00"), "YML003", "U+0000"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code", "words"), [case[1:] for case in MISTAKES], ids=[case[0] for case in MISTAKES])
def test_a_mistake_is_told_once_with_its_code_at_its_place(text, code, words):
    issues = told_of(text.replace("▶", ""))
    assert [(issue.code, (issue.location.line, issue.location.column)) for issue in issues] == [(code, place_in(text))]
    assert words in str(issues[0])


def told_of(text):
    document, issues = parse_document(text, "a.yaml")
    return issues if document is None else decode_kpi_rules([document])[1]


def place_in(text):
    before = text[: text.index("▶")]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def test_there_is_a_mistake_of_every_code_of_the_language():
    assert len(MISTAKES) >= 150
    codes = {f"KPI0{number:02}" for number in (*range(1, 18), *range(20, 28), *range(30, 38), 40, 60, 61, 62)}
    assert {case[2] for case in MISTAKES} >= codes | {"RUL001", "RUL002", "RUL003", "RUL004", "RUL005", "RUL010"}


def test_every_file_is_told_of_beside_one_that_is_no_yaml(tmp_path):
    """Each file of its own mistake: none of them hides another, and the sound rules are read."""
    folder = tmp_path / "kpi_rules" / "rules"
    folder.mkdir(parents=True)
    (folder / "a.yaml").write_text("kpis: [", encoding="utf-8")
    (folder / "b.yaml").write_bytes(b"kpis:\n  - id: \xff\n")
    (folder / "c.yaml").write_text(kpis(b=count(contacts="kontakts")), encoding="utf-8")
    (folder / "d.yaml").write_text(kpis(d=COUNT), encoding="utf-8")
    book = read_rule_book(tmp_path)
    rules, issues = decode_kpi_rules(book.documents)
    told = {issue.location.path.rpartition("/")[2]: issue.code for issue in (*book.issues, *issues)}
    assert told == {"a.yaml": "YML003", "b.yaml": "YML002", "c.yaml": "KPI002"}
    assert [figure.id for figure in rules.figures] == ["d"]


def test_a_broken_rule_hides_no_other_and_is_not_told_again_where_it_is_used(decoded):
    broken = kpis(calls=COUNT.replace("unit", "unti"), b=count(contacts="kontakts"))
    rules, issues = decoded(broken + WEIGHED + TARGET + "values: {calls: 1, b: 1}\n")
    assert {issue.code for issue in issues} == {"RUL001", "KPI002"}
    assert rules.figures == ()


def test_each_code_stands_in_the_guide(request):
    guide = (request.config.rootpath / "docs" / "rules" / "kpis.md").read_text(encoding="utf-8")
    assert {case[2] for case in MISTAKES if case[2].startswith(("KPI", "TGT"))} <= set(guide.replace("`", " ").split())
