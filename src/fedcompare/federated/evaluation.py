"""The global model as the server sees it: initial weights, and accuracy after each round."""

from flwr.app import ArrayRecord

from fedcompare.config import ExperimentConfig
from fedcompare.data.datasets import load_dataset
from fedcompare.federated import wire
from fedcompare.model import State, build_model, load_state
from fedcompare.predictions import Predictions, class_list
from fedcompare.records import ServerRecord
from fedcompare.training import predict, torch_threads


class GlobalModel:
    """Holds the test set and the model, so that a round costs one forward pass."""

    def __init__(self, config: ExperimentConfig) -> None:
        dataset = load_dataset(config.data)
        self._test = dataset.test
        self._threads = config.train.threads_per_silo
        self._model = build_model(
            config.model,
            input_shape=tuple(dataset.train.inputs.shape[1:]),
            num_classes=len(dataset.class_names),
            seed=config.seed,
        )
        self.initial_state: State = {
            name: tensor.clone() for name, tensor in self._model.state_dict().items()
        }
        excluded = {class_list(c): c for c in config.partition.excluded_classes if c}
        self._subsets: dict[str, tuple[int, ...] | None] = {"all": None, **excluded}

    def evaluate(self, server_round: int, arrays: ArrayRecord) -> list[ServerRecord]:
        """Return accuracy and loss on the whole test set and on every silo's excluded classes."""
        model = load_state(self._model, wire.decode_state(arrays))
        with torch_threads(self._threads):
            probabilities = predict(model, self._test.inputs).numpy()
        answers = Predictions(labels=self._test.labels.numpy(), probabilities=probabilities)
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
