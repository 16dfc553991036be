"""The global model as the server sees it: initial weights, and accuracy after each round."""

from collections.abc import Mapping, Sequence

from flwr.app import ArrayRecord

from fedcompare.classes import class_list, distinct, lacking
from fedcompare.config.groups import ExperimentConfig
from fedcompare.data.datasets import load_dataset
from fedcompare.evaluation.evaluator import Evaluator
from fedcompare.federated import wire
from fedcompare.findings.test_sets import ALL
from fedcompare.learning.weights import State
from fedcompare.regimes.records import ServerRecord

Parts = Mapping[str, tuple[int, ...] | None]


class GlobalModel:
    """Holds the test set and the model, so that a round costs one forward pass.

    `name` is what messages call the federation.
    """

    def __init__(self, config: ExperimentConfig, *, name: str) -> None:
        self._name = name
        self._evaluator = Evaluator(config)
        self._class_names = load_dataset(config.data).class_names
        self.initial_state: State = self._evaluator.initial

    def parts_of_test_set(self, label_counts: Sequence[Sequence[int]]) -> Parts:
        """Return labels by key: everything (None), and what each silo has no training example of.

        `label_counts` is what the silos report: training examples of each class.
        """
        sets = distinct(map(lacking, label_counts))
        lacks = {class_list(labels, self._class_names): labels for labels in sets}
        return {ALL: None, **lacks}

    def evaluate(self, server_round: int, arrays: ArrayRecord, parts: Parts) -> list[ServerRecord]:
        """Return accuracy and loss on each of these parts of the test set.

        Raises:
            DivergedError: the weights, or what they answer, are not finite.
        """
        source = f"the global model of {self._name}, round {server_round}"
        answers = self._evaluator.predict(wire.decode_state(arrays), source=source)
        records = []
        for name, classes in parts.items():
            accuracy, count = answers.accuracy(classes)
            records.append(
                ServerRecord(
                    round=server_round,
                    evaluated_on=name,
                    accuracy=accuracy,
                    loss=answers.loss(classes),
                    num_examples=count,
                )
            )
        return records
