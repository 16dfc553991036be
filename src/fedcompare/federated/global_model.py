"""The global model as the server sees it: initial weights, and how good it is after each round."""

from collections.abc import Mapping, Sequence

from flwr.app import ArrayRecord

from fedcompare.classes import distinct, lacking
from fedcompare.config.groups import ExperimentConfig
from fedcompare.data.silos import Silos
from fedcompare.evaluation.evaluator import Evaluator
from fedcompare.evaluation.tally import count
from fedcompare.federated import wire
from fedcompare.findings.test_sets import ALL, of_classes
from fedcompare.learning.weights import State
from fedcompare.regimes.records import ServerRecord

Parts = Mapping[str, tuple[int, ...] | None]


class GlobalModel:
    """Holds the test set and the model, so that a round costs one forward pass.

    `name` is what messages call the federation.
    """

    def __init__(self, config: ExperimentConfig, silos: Silos, *, name: str) -> None:
        self._name = name
        self._evaluator = Evaluator(config, silos)
        self._class_names = silos.class_names
        self._scale = silos.dataset.test.scale
        self.initial_state: State = self._evaluator.initial
        self.trainable = self._evaluator.trainable

    def parts_of_test_set(self, label_counts: Sequence[Sequence[int]]) -> Parts:
        """Return labels by key: everything (None), and what each silo has no training example of.

        `label_counts` is what the silos report: training examples of each class.
        """
        sets = distinct(map(lacking, label_counts))
        lacks = {of_classes(labels, self._class_names).key: labels for labels in sets}
        return {ALL.key: None, **lacks}

    def evaluate(self, server_round: int, arrays: ArrayRecord, parts: Parts) -> list[ServerRecord]:
        """Return loss, and accuracy or error, on each of these parts of the test set.

        Raises:
            DivergedError: the weights, or what they answer, are not finite.
        """
        source = f"the global model of {self._name}, round {server_round}"
        answers = self._evaluator.predict(wire.decode_state(arrays), source=source)
        records = []
        for name, classes in parts.items():
            tally = count(answers.of_classes(classes), self._scale)
            records.append(
                ServerRecord(
                    round=server_round,
                    evaluated_on=name,
                    accuracy=tally.accuracy,
                    loss=tally.loss,
                    num_examples=tally.num_examples,
                    mean_absolute_error=tally.mean_absolute_error,
                )
            )
        return records
