"""From the seeds' stored answers to the findings; nothing is trained or predicted here."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fedcompare.classes import distinct
from fedcompare.comparison.contributions import Coalitions, find_contributions
from fedcompare.comparison.gains import find_gains
from fedcompare.comparison.ledger import find_budgets
from fedcompare.comparison.measures import (
    SingleAccuracy,
    accuracies,
    check_same_test_set,
    confusions,
    curves,
    forgetting,
    mistakes,
    qualities,
    single_accuracies,
)
from fedcompare.comparison.verdict import find_verdicts, summarise
from fedcompare.config.groups import ExperimentConfig
from fedcompare.data.silos import excluded_labels
from fedcompare.evaluation.cases import Cases
from fedcompare.evaluation.chance import nothing_learnt
from fedcompare.evaluation.stored import read_coalition_answers, read_seed_answers
from fedcompare.findings.findings import Findings
from fedcompare.findings.scores import Model
from fedcompare.findings.test_sets import ALL
from fedcompare.regimes.catalog import ROWS, Regime
from fedcompare.regimes.coalitions import coalitions_to_train
from fedcompare.regimes.models import model_key, model_name
from fedcompare.runs.directory import RunDirectory
from fedcompare.runs.manifest import CONFIG_FILE, read_environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """The findings, and every single accuracy behind them."""

    findings: Findings
    singles: tuple[SingleAccuracy, ...]


def seed_runs(config: ExperimentConfig, results: Path) -> list[RunDirectory]:
    """Return the run directory of every seed: `seed`, `seed` + 1, ..."""
    return [RunDirectory(results, each) for each in config.by_seed()]


def analyse(config: ExperimentConfig, results: Path, *, contributions: bool) -> Analysis:
    """Return what the stored answers of all seeds say.

    Raises:
        ResultsError: the comparison is not finished.
        WeightsError: a file of predictions is missing, corrupt or altered.
    """
    configs, runs = config.by_seed(), seed_runs(config, results)
    answers = [read_seed_answers(c, run) for c, run in zip(configs, runs, strict=True)]
    coalitions: list[Coalitions] = []
    if contributions:
        needed = coalitions_to_train(config.partition.num_silos)
        coalitions = [read_coalition_answers(run) if needed else {} for run in runs]
    trained = answers[0].trainings[Regime.FEDERATED]
    label_counts = [seed.trainings[Regime.FEDERATED].label_counts for seed in answers]
    cases = Cases.build(
        check_same_test_set(answers).labels,
        label_counts,
        trained.class_names,
        distinct(excluded_labels(config.partition, trained.class_names)),
    )
    models = tuple(model_rows(config))
    labels = {model.key: model.label for model in models}
    singles = tuple(single_accuracies(answers, models, cases))
    means = tuple(accuracies(singles))
    whole = {labels[item.model]: item.mean for item in means if item.test_set == ALL}
    warning = nothing_learnt(whole, cases.labels, trained.class_names)
    gains = find_gains(answers, cases)
    silos = cases.silo_facts(label_counts)
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
            means,
            num_silos=len(silos),
            num_seeds=len(answers),
            epochs=config.budget.epochs,
            unknown=cases.names(cases.tested(cases.nobodys_classes())),
            warning=warning,
        ),
        verdicts=find_verdicts(gains, silos, means, learnt=warning is None),
        gains=gains,
        models=models,
        test_sets=cases.test_sets(),
        accuracies=means,
        qualities=tuple(qualities(answers, models, cases)),
        curves=tuple(curves(answers, cases)),
        confusions=tuple(confusions(answers, cases)),
        mistakes=tuple(mistakes(answers, cases)),
        forgetting=tuple(forgetting(answers, cases)),
        budgets=find_budgets(answers, example_bytes=trained.example_bytes),
        contributions=tuple(find_contributions(answers, coalitions, cases))
        if contributions
        else (),
    )
    return Analysis(findings=findings, singles=singles)


def model_rows(config: ExperimentConfig) -> Iterator[Model]:
    """Yield every model of a comparison, in the order of tables."""
    equal = config.budget.epochs
    epochs = dict.fromkeys(Regime, equal) | {
        Regime.ISOLATED: config.isolated.isolated_epochs,
        Regime.FINE_TUNED: equal + config.fine_tuning.fine_tune_epochs,
    }
    for row in ROWS:
        for silo in row.owners(range(1, config.partition.num_silos + 1)):
            yield Model(
                key=model_key(row.regime, silo),
                label=model_name(row.regime, silo),
                regime=row.regime,
                silo=silo,
                epochs=epochs[row.regime],
            )


def _commands(config: ExperimentConfig, *, contributions: bool) -> tuple[str, ...]:
    compare = f"fedcompare compare --config {CONFIG_FILE}"
    return (
        f"{compare} --contributions" if contributions else compare,
        f"fedcompare verify results/{config.name}",
    )
