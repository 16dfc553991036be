"""In which form a silo should join: every form against its own model, and against the best one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace

from fedcompare.comparison.asking import Asked, ask
from fedcompare.comparison.rules import STANDARD, Rules
from fedcompare.evaluation.cases import Cases
from fedcompare.evaluation.stored import SeedAnswers
from fedcompare.findings.forms import Choice, Decision, FormCost, FormGain, Forms
from fedcompare.findings.ledger import Budget
from fedcompare.findings.questions import QUESTIONS, Question
from fedcompare.regimes.catalog import FORMS, Regime, Row, Way, row_of
from fedcompare.statistics.intervals import PairedGain
from fedcompare.statistics.words import Decided

_ROWS = (row_of(Regime.ISOLATED_EQUAL), *FORMS)
# Any two forms might have been the two that are compared, since the data name the best one.
_PAIRS = len(FORMS) * (len(FORMS) - 1) // 2


def find_forms(
    answers: Sequence[SeedAnswers],
    cases: Cases,
    budgets: Iterable[Budget],
    *,
    num_rounds: int,
    rules: Rules = STANDARD,
) -> Forms:
    """Return what each form gives and costs, and the decision of each silo.

    `budgets` are what regimes took for all silos together, `num_rounds` the rounds of federating.
    """
    gains = find_form_gains(answers, cases, rules)
    return Forms(
        gains=gains,
        costs=find_form_costs(
            budgets, num_silos=len(cases.silos), num_rounds=num_rounds, num_folds=cases.folds
        ),
        decisions=find_decisions(gains, cases.silos),
    )


def find_form_gains(
    answers: Sequence[SeedAnswers], cases: Cases, rules: Rules = STANDARD
) -> tuple[FormGain, ...]:
    """Return what each form gives each silo on each question that can be asked of it.

    Words are corrected over all forms and silos that ask a question. The best form of a silo is
    compared with each of its others, as one of all pairs of forms (Bonferroni), since it was chosen
    by looking; all together are silos x forms x 2 contrasts a question.
    """
    gains: list[FormGain] = []
    for question in Question:
        values, found = [], []
        for asked in ask(question, answers, cases, _ROWS):
            contrasts = [asked.contrast(row.regime, Regime.ISOLATED_EQUAL) for row in FORMS]
            values.append([float(contrast.challenger.mean()) for contrast in contrasts])
            found += [contrast.found for contrast in contrasts]
        words = iter(zip(found, rules.decide(found), strict=True))
        tests: _Tests = {}
        for asked, own in zip(ask(question, answers, cases, _ROWS), values, strict=True):
            forms = [
                _form(asked, row, value, *next(words))
                for row, value in zip(FORMS, own, strict=True)
            ]
            gains += _against_the_best(forms, asked, rules, tests)
    return tuple(sorted(gains, key=lambda gain: gain.silo))


def find_form_costs(
    budgets: Iterable[Budget], *, num_silos: int, num_rounds: int, num_folds: int = 1
) -> tuple[FormCost, ...]:
    """Return what each form costs a silo: its share of what all silos together paid.

    Budgets are of all folds; a silo that joins trains once.
    """
    by_regime = {budget.regime: budget for budget in budgets}
    return tuple(
        FormCost(
            regime=row.regime,
            exchanges=_exchanges(row, num_rounds),
            bytes_up=by_regime[row.regime].bytes_up / num_silos / num_folds,
            bytes_down=by_regime[row.regime].bytes_down / num_silos / num_folds,
            epochs=by_regime[row.regime].epochs,
        )
        for row in _ROWS
    )


def find_decisions(gains: Sequence[FormGain], silos: Iterable[int]) -> tuple[Decision, ...]:
    """Return in which form each silo should join, from its forms' words."""
    by_silo: dict[int, list[FormGain]] = {silo: [] for silo in silos}
    for gain in gains:
        by_silo[gain.silo].append(gain)
    return tuple(_decide(silo, own) for silo, own in by_silo.items())


# The p-values of one model against another on a test set: where all silos share the three of them,
# they are computed once.
_Tests = dict[tuple[str, Regime, int | None, Regime, int | None], PairedGain]


def _form(asked: Asked, row: Row, value: float, found: PairedGain, decided: Decided) -> FormGain:
    return FormGain(
        silo=asked.silo,
        question=asked.question,
        regime=row.regime,
        value=value,
        gain=found.gain,
        **asdict(decided),
        behind=0.0,
        is_best=False,
        as_good=True,
    )


def _against_the_best(
    forms: Sequence[FormGain], asked: Asked, rules: Rules, tests: _Tests
) -> Iterator[FormGain]:
    worth = [form for form in forms if form.is_worth_it] or forms
    best = max(worth, key=lambda form: form.gain)
    for form in forms:
        if form is best:
            yield replace(form, is_best=True)
            continue
        found = _contrast(asked, best.regime, form.regime, tests)
        told = found.lack is None and found.gain > 0 and found.p_value * _PAIRS <= rules.alpha
        yield replace(form, behind=found.gain, as_good=not told)


def _contrast(asked: Asked, best: Regime, other: Regime, tests: _Tests) -> PairedGain:
    owners = [None if row_of(regime).shared else asked.silo for regime in (best, other)]
    key = (asked.weighting.test_set.key, best, owners[0], other, owners[1])
    if key not in tests:
        tests[key] = asked.contrast(best, other).found
    return tests[key]


def _exchanges(row: Row, num_rounds: int) -> int:
    """Return how often weights are exchanged, also for the models that it comes from."""
    own = {Way.FEDERATION: num_rounds, Way.AVERAGE: 1, Way.ENSEMBLE: 1}.get(row.way, 0)
    return own + (_exchanges(row_of(row.source), num_rounds) if row.source else 0)


def _decide(silo: int, gains: Sequence[FormGain]) -> Decision:
    choices = tuple(_choices(gains))
    common = [
        regime
        for regime in (choices[0].forms if choices else ())
        if all(regime in choice.forms for choice in choices)
    ]
    forms = tuple(sorted(common, key=lambda regime: -_total(gains, regime)))
    loses = _loses(gains)
    harmed = loses.get(forms[0], ()) if forms else ()
    asked_more = bool(harmed) or not forms
    spared = [row.regime for row in FORMS if row.regime not in loses and _gains(gains, row.regime)]
    return Decision(
        silo=silo,
        choices=choices,
        forms=forms,
        harmed=harmed,
        spared=tuple(spared) if asked_more else (),
    )


def _choices(gains: Sequence[FormGain]) -> Iterator[Choice]:
    """Yield the best forms that are worth it, of each question on which there is one."""
    for row in QUESTIONS:
        worth = [g for g in gains if g.question is row.question and g.is_worth_it and g.as_good]
        if worth:
            best_first = sorted(worth, key=lambda gain: (not gain.is_best, -gain.gain))
            yield Choice(question=row.question, forms=tuple(gain.regime for gain in best_first))


def _total(gains: Sequence[FormGain], regime: Regime) -> float:
    return sum(gain.gain for gain in gains if gain.regime is regime)


def _gains(gains: Sequence[FormGain], regime: Regime) -> bool:
    return any(gain.is_worth_it for gain in gains if gain.regime is regime)


def _loses(gains: Sequence[FormGain]) -> Mapping[Regime, tuple[Question, ...]]:
    """Return the questions on which each form loses, of those that do."""
    found: dict[Regime, tuple[Question, ...]] = {}
    for row in QUESTIONS:
        for gain in gains:
            if gain.question is row.question and gain.is_harm:
                found[gain.regime] = (*found.get(gain.regime, ()), row.question)
    return found
