"""What federating changes for each silo, and how sure that is."""

from dataclasses import dataclass

from fedcompare.findings.questions import Question
from fedcompare.names import Lack, Word, is_worth_it


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedGain:
    """One seed's paired comparison: federated minus isolated-equal on the same test examples.

    `won` and `lost` count the examples that only the federated or only the isolated-equal model
    got right; `mcnemar` is the exact McNemar test's p-value on them (where examples come in groups,
    on the groups that are won or lost on balance), and
    `mcnemar_adjusted` the same after Holm's correction over the silos. None where answers are
    numbers, which are never just right.
    """

    seed: int
    isolated_equal: float
    federated: float
    gain: float
    won: int | None
    lost: int | None
    mcnemar: float | None
    mcnemar_adjusted: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """The answer to one question of one silo: federated minus isolated-equal.

    All are values of the comparison's first measure, and differences of two. Where lower is better,
    as for errors, a difference has the other sign: above 0, the federated model is better.

    `low` and `high` bound the interval that `word` comes from. Its level, `confidence`, is the one
    that the correction over the silos leaves this question, so that word, interval and
    `adjusted_p_value` never contradict each other. With a margin, `beyond_margin` says that all of
    the interval lies beyond it, `within_margin` that the one at twice the level lies inside. Where
    there are numbers and no word, `lack` says of what there are too few. `detectable` is the
    smallest true gain that this test set and these seeds would have found with a chance of 80 %.
    `unequal_gain` is the gain over the isolated model at its own budget (`isolated-epochs`),
    and `budget_part` what the larger budget alone gives: isolated-equal minus isolated.
    `unseen_part` and `seen_part` add up to `gain`: what the classes the silo never saw and
    those it has contribute; None where labels are no classes. `gap_closed` is the share of the gap
    between isolated-equal and centralized that federating closes, None where that gap's own
    interval includes 0.
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
    unseen_part: float | None
    seen_part: float | None
    gap_closed: float | None
    seeds: tuple[SeedGain, ...]
    confidence: float = 0.95
    beyond_margin: bool = False
    within_margin: bool = False
    lack: Lack | None = None

    @property
    def is_worth_it(self) -> bool:
        """Return whether it surely gains, and not surely by less than the margin."""
        return is_worth_it(self.word, within_margin=self.within_margin)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassGain:
    """What federating changes for one silo on all test examples of one class, in accuracy.

    The fields are those of a `Gain`; `low` and `high` are corrected over all silos and classes.
    """

    silo: int
    class_name: str
    num_examples: int
    isolated_equal: float
    federated: float
    gain: float
    low: float
    high: float
    confidence: float
    p_value: float
    adjusted_p_value: float
    word: Word
    beyond_margin: bool
    within_margin: bool
    lack: Lack | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unasked:
    """A question that cannot be asked of a silo, or would tell it nothing, and why."""

    silo: int
    question: Question
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One silo's verdict in plain sentences, the most important first."""

    silo: int
    headline: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A number over the seeds: mean, lowest and highest."""

    mean: float
    lowest: float
    highest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """What one silo adds to how good the federation is on a test set, by the first measure.

    `leave_one_out` is the grand coalition's accuracy minus that without the silo, or by how much
    its error is lower; `shapley` is the silo's Shapley value: None for more than five silos, and
    by measures of probabilities, which are not known of an untrained model.
    """

    silo: int
    test_set: str
    leave_one_out: Spread
    shapley: Spread | None
