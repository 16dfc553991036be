"""What a comparison found: the types that the analysis fills and every report reads.

All shares are in [0, 1], all gains in [-1, 1]; a report turns them into percent and
percentage points. `report.json` is exactly this, and its schema is made from it.
"""

from dataclasses import dataclass

from fedcompare.records import Mistake, Question, Regime, Word

Counts = tuple[tuple[int, ...], ...]
Shares = tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiloFacts:
    """A silo's training data: examples of each class (mean over seeds), classes it has and lacks.

    `seen` and `unseen` hold the classes' names. Of the unseen ones, `unknown` are those that no
    other silo has either, and `untested` those of which the test set has no example.
    """

    silo: int
    label_counts: tuple[float, ...]
    seen: tuple[str, ...]
    unseen: tuple[str, ...]
    unknown: tuple[str, ...] = ()
    untested: tuple[str, ...] = ()

    @property
    def learnable(self) -> tuple[str, ...]:
        """Return the tested classes that it lacks and that another silo has."""
        return tuple(n for n in self.unseen if n not in (*self.unknown, *self.untested))


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
class TestSet:
    """A part of the test set, or a weighting of it.

    `key` is "all", "own:1" (weighted as the classes in silo 1's training data), "seen:1",
    "unseen:1", or names of classes such as "1,3,7"; `label` is for people.
    """

    key: str
    label: str
    num_examples: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """A model's accuracy on a test set: mean, lowest and highest over the seeds."""

    model: str
    test_set: str
    mean: float
    lowest: float
    highest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """More about a model on the whole test set, as means over the seeds.

    `macro_f1` is over the classes that have test examples; `recall` is per class, None for the
    others; `calibration_error` is the expected calibration error; `unseen_confidence` is the
    mean confidence on the classes that the model's silo never saw (None for a model that all
    silos share, or where there are none).
    """

    model: str
    macro_f1: float
    calibration_error: float
    unseen_confidence: float | None
    recall: Shares


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedGain:
    """One seed's paired comparison: federated minus isolated-equal on the same test examples.

    `won` and `lost` count the examples that only the federated or only the isolated-equal model
    got right; `mcnemar` is the exact McNemar test's p-value on them, and
    `mcnemar_adjusted` the same after Holm's correction over the silos.
    """

    seed: int
    isolated_equal: float
    federated: float
    gain: float
    won: int
    lost: int
    mcnemar: float
    mcnemar_adjusted: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """The answer to one question of one silo: federated minus isolated-equal.

    `low` and `high` bound the 95 % confidence interval, `adjusted_p_value` is corrected
    over the silos by Holm's method and decides `word`. `detectable` is the smallest true
    gain that this test set and these seeds would have found with a chance of 80 %.
    `unequal_gain` is the gain over the isolated model at its own budget (`isolated-epochs`),
    and `budget_part` what the larger budget alone gives: isolated-equal minus isolated.
    `unseen_part` and `seen_part` add up to `gain`: what the classes the silo never saw and
    those it has contribute. `gap_closed` is the share of the gap between isolated-equal and
    centralized that federating closes, None where that gap's own interval includes 0.
    """

    silo: int
    question: Question
    num_examples: int
    isolated_equal: float
    federated: float
    centralized: float
    gain: float
    low: float
    high: float
    standard_error: float
    degrees_of_freedom: float
    p_value: float
    adjusted_p_value: float
    word: Word
    detectable: float
    unequal_gain: float
    budget_part: float
    unseen_part: float
    seen_part: float
    gap_closed: float | None
    seeds: tuple[SeedGain, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One silo's verdict in plain sentences, the most important first."""

    silo: int
    headline: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One round of a curve: mean, lowest and highest accuracy over the seeds."""

    round: int
    mean: float
    lowest: float
    highest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A model's accuracy on a test set after each round (0: before training)."""

    model: str
    test_set: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """A model's confusion matrix [true class][predicted class], summed over the seeds."""

    model: str
    counts: Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgetting:
    """Mean accuracy per class around one silo's local training in one round.

    `before` is the global model that the silo receives, `local` the model it sends back,
    `after` the next global model; each holds one share per class (mean over the seeds), None for
    a class without test examples.
    """

    round: int
    silo: int
    before: Shares
    local: Shares
    after: Shares


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What making one regime's models took, for all silos together, as means over the seeds.

    `epochs` is how often each training example was passed over; `examples` counts examples
    processed in training; bytes are serialised messages from (up) and to (down) the silos,
    for `average` and `ensemble` one exchange of weights, and for `centralized` the raw
    examples; `seconds` is wall time (of the slowest silo, or of the federation from its
    first message to its last), measured while other regimes shared the CPUs; `cpu_seconds`
    is CPU time of training.
    """

    regime: Regime
    epochs: int
    local_steps: float
    examples: float
    bytes_up: float
    bytes_down: float
    seconds: float
    cpu_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A number over the seeds: mean, lowest and highest."""

    mean: float
    lowest: float
    highest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """What one silo adds to the federation's accuracy on a test set.

    `leave_one_out` is the grand coalition's accuracy minus that without the silo; `shapley`
    is the silo's Shapley value (None for more than five silos).
    """

    silo: int
    test_set: str
    leave_one_out: Spread
    shapley: Spread | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Everything that one comparison found.

    `notes` say what was converted or left out of the data, and what is odd about them.
    `config` is the flat table of keys, `environment` the versions and the machine,
    `commands` what reproduces it; `curves` hold the learning curves of the isolated-equal,
    federated and centralized models; `contributions` is empty unless asked for.
    """

    name: str
    seeds: tuple[int, ...]
    config: dict[str, str | int | float]
    environment: dict[str, str | int]
    commands: tuple[str, ...]
    class_names: tuple[str, ...]
    notes: tuple[str, ...]
    silos: tuple[SiloFacts, ...]
    summary: str
    verdicts: tuple[Verdict, ...]
    gains: tuple[Gain, ...]
    models: tuple[Model, ...]
    test_sets: tuple[TestSet, ...]
    accuracies: tuple[Accuracy, ...]
    qualities: tuple[Quality, ...]
    curves: tuple[Curve, ...]
    confusions: tuple[Confusion, ...]
    mistakes: tuple[Mistake, ...]
    forgetting: tuple[Forgetting, ...]
    budgets: tuple[Budget, ...]
    contributions: tuple[Contribution, ...]
