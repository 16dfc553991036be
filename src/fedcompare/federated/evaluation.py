"""The global model as the server sees it: initial weights, and accuracy after each round."""

from flwr.app import ArrayRecord

from fedcompare.config import ExperimentConfig
from fedcompare.evaluator import Evaluator
from fedcompare.federated import wire
from fedcompare.model import State
from fedcompare.predictions import class_list
from fedcompare.records import ServerRecord


class GlobalModel:
    """Holds the test set and the model, so that a round costs one forward pass.

    `name` is what messages call the federation.
    """

    def __init__(self, config: ExperimentConfig, *, name: str) -> None:
        self._name = name
        self._evaluator = Evaluator(config)
        self.initial_state: State = self._evaluator.initial
        excluded = {class_list(c): c for c in config.partition.excluded_classes if c}
        self._subsets: dict[str, tuple[int, ...] | None] = {"all": None, **excluded}

    def evaluate(self, server_round: int, arrays: ArrayRecord) -> list[ServerRecord]:
        """Return accuracy and loss on the whole test set and on every silo's excluded classes.

        Raises:
            DivergedError: the weights, or what they answer, are not finite.
        """
        source = f"the global model of {self._name}, round {server_round}"
        answers = self._evaluator.predict(wire.decode_state(arrays), source=source)
        records = []
        for name, classes in self._subsets.items():
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
