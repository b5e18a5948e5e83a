"""The figures that policies read, by whose they are and what they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from domain.ids import Digest
from domain.records import Grain, KpiResult, Score, ValueState

# Whose figure (grain and entity), and which: "kpi:recovered_amount:VND", "scorecard:field", "attainment:field.calls".
MeasureKey = tuple[Grain, str, str]


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure and the version of the rule that made it; money is in major units of `currency`."""

    state: ValueState
    value: Decimal | None
    rule: Digest
    currency: str = ""


Measures = Mapping[MeasureKey, Measure]


def measures_of(results: Iterable[KpiResult], scores: Iterable[Score]) -> dict[MeasureKey, Measure]:
    """KPI results, scores and attainments of one period, as policies look them up.

    Raises: ValueError if one figure comes twice: which of two values pays is no question to answer by order.
    """
    found: dict[MeasureKey, Measure] = {}
    for key, measure in (*_of_results(results), *_of_scores(scores)):
        if found.setdefault(key, measure) != measure:
            raise ValueError(f"two values of {key[2]} for {key[0]} {key[1]}")
    return found


def halted_among(measures: Measures) -> frozenset[str]:
    """Figures, without their currency, that are halted for anybody, and so for everybody: a gate stops a table, not a
    person. Whoever has no row of a halted figure must not be taken for somebody of whom there is nothing to count."""
    return frozenset(
        ":".join(name.split(":")[:2])
        for (_, _, name), measure in measures.items()
        if measure.state is ValueState.HALTED
    )


def _of_results(results: Iterable[KpiResult]) -> Iterator[tuple[MeasureKey, Measure]]:
    for result in results:
        currency = f":{result.currency}" if result.currency else ""
        key = (result.grain, result.entity, f"kpi:{result.kpi}{currency}")
        yield key, Measure(result.state, result.value, result.rule, result.currency)


def _of_scores(scores: Iterable[Score]) -> Iterator[tuple[MeasureKey, Measure]]:
    for score in scores:
        yield (
            (score.grain, score.entity, f"scorecard:{score.scorecard}"),
            Measure(score.state, score.score, score.rule),
        )
        for part in (each for each in score.parts if not each.is_gate):
            state = ValueState.NO_VALUE if part.attainment is None else ValueState.VALUE
            state = ValueState.HALTED if score.state is ValueState.HALTED else state
            key = (score.grain, score.entity, f"attainment:{score.scorecard}.{part.kpi}")
            yield key, Measure(state, part.attainment, score.rule)
