"""Print how models with a table's defaults compare with scikit-learn's, for docs/defaults.md.

Usage: defaults.py [--tries]   (minutes on two idle cores, same output each time)

With --tries, how other settings do on the same tables.
"""

import argparse
import itertools
import tempfile
import warnings
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import statsmodels.datasets as statsmodels
import torch
from sklearn import datasets as sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from fedcompare import api
from fedcompare.config.groups import ExperimentConfig
from fedcompare.data.examples import Examples
from fedcompare.data.silos import Silo, Silos, load_silos
from fedcompare.learning.alone import Task, train_alone
from fedcompare.learning.forward import predict
from fedcompare.learning.models.catalog import initial_model
from fedcompare.learning.training import train_rounds
from fedcompare.learning.training_round import TrainingRound
from fedcompare.learning.weights import load_state
from fedcompare.regimes.catalog import Regime, row_of
from fedcompare.seeds import derive_seed
from fedcompare.statistics.intervals import paired_gain
from fedcompare.statistics.moments import Moments
from fedcompare.statistics.samples import plain

SEEDS = (42, 43, 44)
SILOS = ("A", "B", "C", "D")
SHARES = {"iid": (0.25, 0.25, 0.25, 0.25), "sizes": (0.6, 0.25, 0.1, 0.05)}
UNEVEN = "sizes"
SPLITS = ("iid", UNEVEN, "dirichlet")
POOLED, ISOLATED, FEDERATED = WAYS = ("pooled", "isolated", "federated")


def of_sklearn(load: Callable[..., object]) -> pd.DataFrame:
    found = load(as_frame=True)
    return found.data.assign(label="class " + found.target.astype(str))


def of_statsmodels(name: str, label: str, yes: Callable[[pd.Series], pd.Series]) -> pd.DataFrame:
    table = getattr(statsmodels, name).load_pandas().data
    return table.drop(columns=label).assign(label=np.where(yes(table[label]), "yes", "no"))


TABLES = {
    "iris": lambda: of_sklearn(sklearn.load_iris),
    "wine": lambda: of_sklearn(sklearn.load_wine),
    "breast cancer": lambda: of_sklearn(sklearn.load_breast_cancer),
    "digits": lambda: of_sklearn(sklearn.load_digits),
    "anes96, vote": lambda: of_statsmodels("anes96", "vote", lambda vote: vote > 0),
    "fair, affairs": lambda: of_statsmodels("fair", "affairs", lambda affairs: affairs > 0),
    "randhie, visits": lambda: of_statsmodels("randhie", "mdvis", lambda visits: visits > 0),
}


# Where other settings are tried: the small tables, dealt so that most is asked of the settings.
TRIED = [table for table in TABLES if table not in ("digits", "randhie, visits")]
# What else was tried: keys that are set, on the linear model unless they name another.
TRIES: tuple[Mapping[str, object], ...] = (
    {},
    {"learning-rate": 0.05},
    {"learning-rate": 0.05, "batch-size": 32},
    {"num-server-rounds": 3},
    {"l2-penalty": 0.0},
    {"l2-penalty": 2.0},
    {"model": "mlp"},
    {"model": "mlp", "l2-penalty": 1.0},
    {"model": "mlp", "l2-penalty": 10.0},
    {
        "model": "mlp", "learning-rate": 0.01, "batch-size": 64, "l2-penalty": 0.0,
        "num-server-rounds": 3, "local-epochs": 10,
    },
)  # fmt: skip


def dealt(labels: np.ndarray, split: str) -> np.ndarray:
    """Return the name of each row's silo."""
    rng = np.random.default_rng(7)
    order = rng.permutation(len(labels))
    silos = np.empty(len(labels), dtype=object)
    if split in SHARES:
        groups = [(order, SHARES[split])]
    else:
        rows = [order[labels[order] == label] for label in np.unique(labels)]
        groups = [(own, rng.dirichlet([0.5] * len(SILOS))) for own in rows]
    for rows, shares in groups:
        cuts = (np.cumsum(shares)[:-1] * len(rows)).astype(int)
        for name, part in zip(SILOS, np.split(rows, cuts), strict=True):
            silos[part] = name
    return silos


def file_of(folder: Path, table: str, split: str) -> Path:
    return folder / f"{table.partition(',')[0].replace(' ', '-')}-{split}.csv"


def write_table(folder: Path, table: str, split: str) -> None:
    frame = TABLES[table]()
    frame["silo"] = dealt(frame["label"].to_numpy(), split)
    frame.to_csv(file_of(folder, table, split), index=False)


def alone(config: ExperimentConfig, silos: Silos, silo: Silo) -> torch.nn.Module:
    """Return the model of the federation's budget on the examples of one silo, or of all."""
    row, model = row_of(Regime.ISOLATED_EQUAL), initial_model(config, silos.dataset)
    train_alone(
        [
            Task(
                row=row, model=model, silo=silo, config=config.train,
                schedule=row.schedule(config), seed=config.seed,
            )
        ]
    )  # fmt: skip
    return model


def together(config: ExperimentConfig, silos: Silos) -> torch.nn.Module:
    """Return the model of federated averaging, by the loop alone: no messages, the same sums."""
    every = list(silos)
    total = sum(len(silo.train) for silo in every)
    shared = initial_model(config, silos.dataset)
    for number in range(1, config.budget.num_server_rounds + 1):
        rounds = [
            TrainingRound(
                model=load_state(initial_model(config, silos.dataset), shared.state_dict()),
                examples=silo.train,
                config=config.train,
                epochs=config.budget.local_epochs,
                seed=derive_seed(config.seed, "train", silo.id, number),
                num_examples=total,
            )
            for silo in every
        ]
        train_rounds(rounds)
        weights = [len(one.examples) / total for one in rounds]
        states = [one.model.state_dict() for one in rounds]
        mean = {
            name: sum(weight * state[name] for weight, state in zip(weights, states, strict=True))
            for name in states[0]
        }
        load_state(shared, mean)
    return shared


def of_scikit(train: Examples, test: Examples, num_classes: int) -> np.ndarray:
    """Return the probabilities of scikit-learn's logistic regression as it comes."""
    model = LogisticRegression(max_iter=10_000)
    model.fit(train.inputs.numpy(), train.labels.numpy())
    probabilities = np.zeros((len(test), num_classes))
    probabilities[:, model.classes_] = model.predict_proba(test.inputs.numpy())
    return probabilities


def scores(probabilities: np.ndarray, labels: np.ndarray, known: np.ndarray) -> tuple[float, float]:
    """Return accuracy and AUROC (mean over classes) in percent, on the classes that are known."""
    rows = np.isin(labels, known)
    own, columns = labels[rows], probabilities[rows][:, known]
    areas = [roc_auc_score(own == label, columns[:, i]) for i, label in enumerate(known)]
    return 100 * float(np.mean(known[columns.argmax(1)] == own)), 100 * float(np.mean(areas))


def answers(config: ExperimentConfig, silos: Silos, silo: Silo, way: str) -> np.ndarray:
    """Return the probabilities of our model of one seed."""
    model = together(config, silos) if way == FEDERATED else alone(config, silos, silo)
    return predict(model, silos.test.inputs).numpy()


def owners(silos: Silos) -> dict[str, list[Silo]]:
    """Return whose data a model of each way is trained on; a silo of one class has nothing to."""
    several = [silo for silo in silos if len(silo.train.labels.unique()) > 1]
    return {POOLED: [silos.pooled], ISOLATED: several, FEDERATED: [silos.pooled]}


def study(folder: Path, table: str, split: str, keys: Mapping[str, object], seeds=SEEDS):
    """Return configuration and silos, and by way what our models and scikit-learn's reach.

    That is (accuracy, AUROC), and the share of our models that are right, [seeds, examples].
    """
    torch.set_num_threads(1)
    warnings.simplefilter("error", ConvergenceWarning)
    named = {"dataset": str(file_of(folder, table, split)), "label": "label", "silo": "silo"}
    config = api.configure(named | keys)
    silos = load_silos(config)
    labels, num_classes = silos.test.labels.numpy(), len(silos.class_names)
    found = {}
    for way, every in owners(silos).items():
        ours, theirs, right = [], [], []
        for silo in every:
            known = silo.train.labels.unique().numpy()
            theirs.append(scores(of_scikit(silo.train, silos.test, num_classes), labels, known))
            by_seed = [answers(config.with_seed(seed), silos, silo, way) for seed in seeds]
            ours += [scores(one, labels, known) for one in by_seed]
            right.append([one.argmax(1) == labels for one in by_seed])
        found[way] = np.mean(ours, axis=0), np.mean(theirs, axis=0), np.mean(right, axis=0)
    return config, silos, found


def signed(value: float) -> str:
    text = f"{value:+.1f}"
    return {"+0.0": "0.0", "-0.0": "0.0"}.get(text, text.replace("-", "−"))


def pair(values: Iterable[float]) -> str:
    return " / ".join(map(signed, values))


def line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def against_scikit(folder: Path, table: str, split: str) -> tuple[str, np.ndarray]:
    """Return the row of a table and a split, and ours minus scikit-learn's: [ways, measures]."""
    config, silos, found = study(folder, table, split, {"model": "linear"}, SEEDS[:1])
    sizes = ", ".join(str(len(silo.train)) for silo in silos)
    cells = [table, split, sizes, str(config.train.batch_size), str(config.budget.local_epochs)]
    for ours, theirs, _ in found.values():
        cells += [" / ".join(f"{value:.1f}" for value in theirs), pair(ours - theirs)]
    return line(cells), np.stack([ours - theirs for ours, theirs, _ in found.values()])


def of_both(folder: Path, table: str, split: str) -> str:
    """Return the row of what hidden layers change: accuracy with its interval, and AUROC."""
    (_, silos, linear), (config, _, mlp) = (
        study(folder, table, split, {"model": name}, SEEDS) for name in ("linear", "mlp")
    )
    cells = [table, str(len(silos.pooled.train)), f"{config.train.l2_penalty:g}"]
    for way in WAYS:
        gain = paired_gain(plain(Moments.of(mlp[way][2] - linear[way][2])))
        bounds = " to ".join(signed(100 * bound) for bound in (gain.low, gain.high))
        below = ", below" if gain.high < 0 else ""
        cells.append(f"{signed(100 * gain.gain)} ({bounds}){below}")
        cells.append(signed(mlp[way][0][1] - linear[way][0][1]))
    return line(cells)


def tried(folder: Path, keys: Mapping[str, object]) -> str:
    """Return the row of other settings: means over tables, and the lowest, with one seed."""
    gaps = []
    for table in TRIED:
        _, _, found = study(folder, table, UNEVEN, {"model": "linear"} | keys, SEEDS[:1])
        gaps.append([found[way][0] - found[way][1] for way in WAYS])
    name = ", ".join(f"{key} = {value}" for key, value in keys.items()) or "the defaults"
    cells = [name]
    for mean, lowest in zip(np.mean(gaps, axis=0), np.min(gaps, axis=0), strict=True):
        cells += [pair(mean), pair(lowest)]
    return line(cells)


def print_table(*columns: str, words: int) -> None:
    print(f"\n{line(columns)}")
    print(line(["---" if n < words else "---:" for n in range(len(columns))]))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tries", action="store_true", help="also other settings")
    parser.add_argument("--workers", type=int, help="processes; by default one per CPU")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, ProcessPoolExecutor(arguments.workers) as pool:
        folder = Path(place)
        folders, cases = itertools.repeat(folder), list(itertools.product(TABLES, SPLITS))
        for case in cases:
            write_table(folder, *case)
        twice = [cell for way in WAYS for cell in (f"{way}: scikit-learn", "linear minus that")]
        print_table("table", "silos", "training rows", "batch", "local epochs", *twice, words=3)
        gaps = []
        for text, gap in pool.map(against_scikit, folders, *zip(*cases, strict=True)):
            print(text, flush=True)
            gaps.append(gap)
        for name, values in (("mean", np.mean(gaps, axis=0)), ("lowest", np.min(gaps, axis=0))):
            cells = [cell for value in values for cell in ("", pair(value))]
            print(line([name, "", "", "", "", *cells]), flush=True)
        twice = [cell for way in WAYS for cell in (f"{way}: accuracy", "AUROC")]
        print_table("table", "training rows", "l2-penalty", *twice, words=1)
        for text in pool.map(of_both, folders, TABLES, itertools.repeat(UNEVEN)):
            print(text, flush=True)
        if arguments.tries:
            twice = [cell for way in WAYS for cell in (f"{way}: mean", "lowest")]
            print_table("keys", *twice, words=1)
            for text in pool.map(tried, folders, TRIES):
                print(text, flush=True)


if __name__ == "__main__":
    main()
