"""What models do on test sets."""

from dataclasses import dataclass

from fedcompare.findings.test_sets import Kind
from fedcompare.regimes.catalog import Regime


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One number: a model (regime, silo) on one part of the test set by a measure.

    `silo` is the 1-based owner of an isolated model, None for the federated one.
    `evaluated_on` is "all", names of classes such as "1,3,7", or "seen:1" / "unseen:1":
    the classes that silo 1 does or does not have in its training data; or "own:1", its own cases.
    `value` is None where there are no examples of these.
    """

    regime: Regime
    silo: int | None
    evaluated_on: str
    measure: str
    value: float | None
    num_examples: int

    def row(self) -> dict[str, object]:
        """Return the fields as files and programs have them: the value under its measure's name."""
        return {
            "regime": self.regime,
            "silo": self.silo,
            "evaluated_on": self.evaluated_on,
            self.measure: self.value,
            "num_examples": self.num_examples,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """What examples of one unseen class are taken for by one isolated model.

    `share` is the part of that class's test examples which got this answer;
    `confidence` is the mean probability the model gave these wrong answers.
    """

    silo: int
    unseen_class: str
    taken_for: str
    share: float
    confidence: float
    num_examples: int


Counts = tuple[tuple[int, ...], ...]
Shares = tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiloFacts:
    """A silo's training data: examples of each class (mean over seeds), classes it has and lacks.

    Where labels are numbers, `label_counts` holds one number, of all examples.
    `seen` and `unseen` hold the classes' names. Of the unseen ones, `unknown` are those that no
    other silo has either, and `untested` those of which the test set has no example. `name` is
    what the data call the silo, empty where they do not. `own_rows` are its own held-out rows, its
    own cases: 0 where it has too few rows for any; None where cases are told by classes alone.
    """

    silo: int
    label_counts: tuple[float, ...]
    seen: tuple[str, ...]
    unseen: tuple[str, ...]
    unknown: tuple[str, ...] = ()
    untested: tuple[str, ...] = ()
    name: str = ""
    own_rows: int | None = None

    @property
    def learnable(self) -> tuple[str, ...]:
        """Return the tested classes that it lacks and that another silo has."""
        return tuple(n for n in self.unseen if n not in (*self.unknown, *self.untested))


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnUse:
    """A column of a table: what it holds ("number", "category", ...), and what became of it."""

    name: str
    kind: str
    treatment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One kind of model, trained once per seed.

    `key` names its files and rows ("isolated-equal-silo-1"), `label` is for people
    ("isolated-equal, silo 1"); `silo` is None for a model that all silos share; `epochs` is how
    often each training example was passed over.
    """

    key: str
    label: str
    regime: Regime
    silo: int | None
    epochs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TestSetFacts:
    """A part of the test set, or a weighting of it.

    `key` is "all", "own:1" (weighted as the classes in silo 1's training data, or where labels
    are numbers, its held-out rows), "seen:1",
    "unseen:1", or names of classes such as "1,3,7"; `label` is for people. `kind` and `silo`
    say the same apart.
    """

    key: str
    label: str
    num_examples: int
    kind: Kind
    silo: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureFacts:
    """A measure, as scores name it.

    `unit` is "%" for shares of examples, "points" for other parts of 1, "nats", nothing, or the
    name of the label whose unit it is. Values `in_hundredths` are in [0, 1], and people read and
    write them times 100, and gains in points.
    """

    name: str
    higher_is_better: bool
    unit: str = "%"
    in_hundredths: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A model on a test set by a measure: mean, lowest and highest over the seeds."""

    model: str
    test_set: str
    measure: str
    mean: float
    lowest: float
    highest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """More about a model on the whole test set, as means over the seeds.

    `macro_f1` is over the classes that have test examples; `recall` is per class, None for the
    others; `calibration_error` is the expected calibration error; `average_precision` is of the
    second of two classes, None where there are more; `unseen_confidence` is the
    mean confidence on the classes that the model's silo never saw (None for a model that all
    silos share, or where there are none).
    """

    model: str
    macro_f1: float
    calibration_error: float
    unseen_confidence: float | None
    recall: Shares
    average_precision: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """How well a model's numbers fit on the whole test set, as means over the seeds.

    `r_squared` is the share of the labels' variance that they explain, below 0 where the mean
    label would be nearer; None where all labels are alike.
    """

    model: str
    r_squared: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """A model's confusion matrix [true class][predicted class], summed over the seeds."""

    model: str
    counts: Counts
