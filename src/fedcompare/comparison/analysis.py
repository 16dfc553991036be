"""From the seeds' stored answers to the findings; nothing is trained or predicted here."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from fedcompare.comparison.asking import find_unasked
from fedcompare.comparison.chance import judge
from fedcompare.comparison.class_gains import find_class_gains
from fedcompare.comparison.consortium import find_consortium
from fedcompare.comparison.contributions import Coalitions, find_contributions
from fedcompare.comparison.endings import read_losses
from fedcompare.comparison.forms import find_forms
from fedcompare.comparison.gains import find_gains
from fedcompare.comparison.ledger import find_budgets
from fedcompare.comparison.models import (
    confusions,
    fits,
    mistakes,
    model_rows,
    qualities,
    scores_over_seeds,
    seed_scores,
)
from fedcompare.comparison.references import find_references, told_no_reason
from fedcompare.comparison.rounds import curves, forgetting
from fedcompare.comparison.rules import Rules
from fedcompare.comparison.training import find_training, told_failed, told_unfinished
from fedcompare.comparison.verdict import find_verdicts, summarise
from fedcompare.comparison.voice import voice_of
from fedcompare.config.groups import ExperimentConfig
from fedcompare.evaluation.cases import Cases, check_own_cases
from fedcompare.evaluation.deciding import decided_by, followed, told_left_out, told_measure
from fedcompare.evaluation.measures.catalog import Measure, measures_of
from fedcompare.evaluation.scores import Score
from fedcompare.evaluation.stored import SeedAnswers, by_seed, read_seed_coalitions, read_seeds
from fedcompare.findings.findings import Findings
from fedcompare.findings.scores import ColumnUse, MeasureFacts
from fedcompare.regimes.budgets import told_few_steps
from fedcompare.regimes.catalog import Regime
from fedcompare.regimes.coalitions import coalitions_to_train
from fedcompare.regimes.defaults import told_defaults
from fedcompare.regimes.devices import is_repeatable, repeatability
from fedcompare.regimes.folds import told_folds
from fedcompare.runs.directory import RunDirectory
from fedcompare.runs.manifest import CONFIG_FILE, Training, read_environment
from fedcompare.statistics.skew import mean_skew
from fedcompare.tasks import Task
from fedcompare.text.units import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """The findings, and every single score behind them."""

    findings: Findings
    singles: tuple[Score, ...]


def analyse(
    config: ExperimentConfig, runs: Sequence[RunDirectory], *, contributions: bool
) -> Analysis:
    """Return what the stored answers of all seeds, one run directory each, say.

    Raises:
        ResultsError: the comparison is not finished.
        WeightsError: a file of predictions is missing, corrupt or altered.
    """
    answers = read_seeds(runs)
    losses = list(map(read_losses, runs))
    cases = find_cases(answers, config.comparison.measure)
    sizes = answers[0].sizes
    coalitions: list[Coalitions] = []
    if contributions:
        needed = coalitions_to_train(len(cases.silos))
        coalitions = [read_seed_coalitions(own, needed) for own in by_seed(runs)]
    trained = answers[0].trainings[Regime.FEDERATED]
    measures = sorted(measures_of(cases.task), key=lambda row: row is not cases.measure)
    singles = tuple(seed_scores(answers, cases, measures))
    scores = tuple(scores_over_seeds(singles))
    chance = judge([seed.final for seed in answers], cases)
    rules = Rules.of(config.comparison, cases.measure)
    voice = voice_of(cases.measure, config.data.label, rules.margin, cases.class_names)
    gains, unasked = find_gains(answers, cases, rules), find_unasked(cases)
    budgets = find_budgets(answers, example_bytes=trained.example_bytes)
    rounds = config.budget.num_server_rounds
    forms = find_forms(answers, cases, budgets, num_rounds=rounds, rules=rules)
    references = find_references(answers, cases, rules, forms.advised)
    training = find_training(losses, answers, singles, cases, rules)
    together = find_consortium(answers, cases, gains, voice, rules)
    silos = cases.silo_facts(label_counts(answers))
    findings = Findings(
        name=config.name,
        seeds=tuple(seed.seed for seed in answers),
        config=config.to_flat(),
        environment=read_environment(runs[0].regime_path(Regime.FEDERATED)),
        commands=_commands(config, contributions=contributions),
        class_names=trained.class_names,
        notes=trained.notes,
        silos=silos,
        summary=summarise(
            gains,
            scores,
            together=together,
            forms=forms,
            voice=voice,
            num_silos=len(silos),
            num_seeds=len(answers),
            epochs=trained.epochs,
            unknown=cases.names(cases.tested(cases.nobodys_classes())),
            no_reason=told_no_reason(forms.decisions, references, len(silos)),
            unstable=told_failed(training, len(answers), voice, cases.silo_names),
            warning=chance.warning,
            hint=" ".join(
                (
                    *told_unfinished(training, voice, cases.silo_names),
                    *_hints(config, sizes, cases, class_sizes(answers)),
                )
            )
            or None,
        ),
        verdicts=find_verdicts(
            gains,
            silos,
            scores,
            unasked=unasked,
            forms=forms,
            references=references,
            training=training,
            voice=voice,
            learnt=chance.learnt,
        ),
        gains=gains,
        class_gains=find_class_gains(answers, cases, rules),
        models=tuple(model_rows(config, answers[0].final, cases.silo_names)),
        test_sets=tuple(map(cases.facts, cases.test_sets())),
        measures=tuple(_facts(row, config.data.label) for row in measures),
        scores=scores,
        qualities=tuple(qualities(answers, cases)),
        curves=tuple(curves(answers, cases)),
        confusions=tuple(confusions(answers, cases)),
        mistakes=tuple(mistakes(answers, cases)),
        forgetting=tuple(forgetting(answers, cases)),
        budgets=budgets,
        contributions=tuple(find_contributions(answers, coalitions, cases))
        if contributions
        else (),
        columns=tuple(
            ColumnUse(name=name, kind=kind, treatment=treatment)
            for name, kind, treatment in trained.columns
        ),
        task=cases.task,
        fits=tuple(fits(answers, cases)),
        unasked=unasked,
        forms=forms,
        references=references,
        training=training,
        consortium=together,
        margin=rules.margin,
        skew=mean_skew([seed.trainings[Regime.FEDERATED].skew for seed in answers]),
        curve_measure=followed(cases).name,
        held_out=told_folds(config.comparison),
        defaults=told_defaults(
            config,
            sizes,
            is_table=trained.is_table,
            num_inputs=_num_inputs(trained) if cases.task is Task.REGRESSION else 0,
        ),
    )
    return Analysis(findings=findings, singles=singles)


def _facts(measure: Measure, label: str) -> MeasureFacts:
    """Return what reports say of a measure; `label` names what models are to tell."""
    return MeasureFacts(
        name=measure.name,
        higher_is_better=measure.higher_is_better,
        unit=label if measure.unit is Unit.LABEL else measure.unit.value,
        in_hundredths=measure.unit.in_hundredths,
    )


def _num_inputs(trained: Training) -> int:
    """Return the inputs of a table: its example is a float for each, and one for the label."""
    return trained.example_bytes // 4 - 1


def find_cases(answers: Sequence[SeedAnswers], measure: str = "") -> Cases:
    """Return the test examples that all seeds' models answered, and what silos have of each class.

    Verdicts are by the `measure` of this name, "" for that of the data.

    Raises:
        ConfigError: there is no such measure, or it does not fit the task.
        DataError: a silo has a class of which there is no test example.
        ResultsError: models answered other examples than others.
    """
    every = [own for seed in answers for own in seed.final.values()]
    labels, counts = every[0].labels, label_counts(answers)
    assert all(np.array_equal(own.at(every[0].ids).labels, labels) for own in every)
    training = answers[0].trainings[Regime.FEDERATED]
    class_names, silo_names = training.class_names, training.silo_names
    totals = np.asarray(counts, dtype=np.float64).sum(axis=0)
    owners = [seed.owners for seed in answers if seed.owners is not None]
    fold_numbers = [seed.fold_numbers for seed in answers if seed.fold_numbers is not None]
    cases = Cases.build(
        labels,
        counts,
        class_names,
        every[0].ids,
        silo_names=silo_names,
        owners=np.stack(owners) if owners else None,
        groups=answers[0].groups,
        folds=answers[0].folds,
        fold_numbers=np.stack(fold_numbers) if fold_numbers else None,
    )
    if cases.owners is None:
        check_own_cases(cases.strata, totals, class_names, silo_names)
    return decided_by(measure, cases, class_sizes(answers))


def class_sizes(answers: Sequence[SeedAnswers]) -> Sequence[float]:
    """Return the training rows of each class, of all silos and seeds together, [C]."""
    found: list[float] = np.asarray(label_counts(answers), np.float64).sum(axis=(0, 1)).tolist()
    return found


def label_counts(answers: Sequence[SeedAnswers]) -> list[tuple[tuple[float, ...], ...]]:
    """Return the training examples of each class, by seed and silo: [K][S][C]."""
    return [seed.label_counts for seed in answers]


def _hints(
    config: ExperimentConfig, sizes: Iterable[int], cases: Cases, of_classes: Sequence[float]
) -> Iterator[str]:
    """Yield what is to be known of the measure, and of how the models were trained."""
    if told := told_measure(config.comparison.measure, cases, of_classes):
        yield told
    if left := told_left_out(cases):
        yield left
    if few := told_few_steps(config, sizes):
        yield few
    if not is_repeatable(device := config.train.device):
        yield repeatability(device)


def _commands(config: ExperimentConfig, *, contributions: bool) -> tuple[str, ...]:
    compare = f"fedcompare compare --config {CONFIG_FILE}"
    return (
        f"{compare} --contributions" if contributions else compare,
        f"fedcompare verify results/{config.name}",
    )
