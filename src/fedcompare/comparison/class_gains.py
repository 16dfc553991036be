"""What federating changes for each silo on each class: on which cases it gains."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace

from fedcompare.comparison.asking import over_seeds
from fedcompare.comparison.contrasts import Contrast, Weighting
from fedcompare.comparison.rules import STANDARD, Rules
from fedcompare.evaluation.cases import Cases
from fedcompare.evaluation.measures.catalog import ACCURACY
from fedcompare.evaluation.stored import SeedAnswers
from fedcompare.findings.gains import ClassGain
from fedcompare.findings.test_sets import of_classes
from fedcompare.regimes.catalog import Regime
from fedcompare.regimes.models import ModelId
from fedcompare.statistics.words import Decided
from fedcompare.tasks import CLASSES

ENOUGH = 20
"""How many test examples a class has at least, to be asked: fewer say next to nothing."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Asked:
    """A silo's question about a class, and its answer without a word."""

    silo: int
    label: int
    contrast: Contrast


def find_class_gains(
    answers: Sequence[SeedAnswers], cases: Cases, rules: Rules = STANDARD
) -> tuple[ClassGain, ...]:
    """Return the gain of each silo on all test examples of each class that has enough of them.

    It is in accuracy, whatever verdicts are about, and the margin is one of accuracy only where
    theirs is. Words are corrected over all silos and classes together.
    """
    if cases.task not in CLASSES:
        return ()
    asked = list(_ask(answers, cases))
    own = rules if cases.measure.is_share else replace(rules, margin=None)
    words = own.decide([item.contrast.found for item in asked])
    return tuple(_gain(*pair, cases) for pair in zip(asked, words, strict=True))


def _ask(answers: Sequence[SeedAnswers], cases: Cases) -> Iterator[_Asked]:
    federated = over_seeds(answers, ModelId(Regime.FEDERATED))
    alone = [over_seeds(answers, ModelId(Regime.ISOLATED_EQUAL, silo)) for silo in cases.silos]
    enough = [label for label, size in enumerate(cases.sizes.tolist()) if size >= ENOUGH]
    weightings = {
        label: Weighting.of(cases, of_classes([label], cases.class_names), len(answers))
        for label in enough
    }
    for silo, equal in zip(cases.silos, alone, strict=True):
        for label, weighting in weightings.items():
            contrast = weighting.contrast(federated, equal, ACCURACY)
            yield _Asked(silo=silo, label=label, contrast=contrast)


def _gain(asked: _Asked, decided: Decided, cases: Cases) -> ClassGain:
    contrast = asked.contrast
    return ClassGain(
        silo=asked.silo,
        class_name=cases.class_names[asked.label],
        num_examples=contrast.num_examples,
        isolated_equal=float(contrast.baseline.mean()),
        federated=float(contrast.challenger.mean()),
        gain=contrast.found.gain,
        p_value=contrast.found.p_value,
        **asdict(decided),
        lack=contrast.found.lack,
    )
