"""Predict a dataset's test set with stored weights, each file checked against its record."""

from fedcompare.config import ExperimentConfig
from fedcompare.data.datasets import load_dataset
from fedcompare.errors import ResultsError
from fedcompare.model import State, build_model, load_state, read_tensors
from fedcompare.predictions import Predictions
from fedcompare.results import Manifest, RunDirectory, check_digest
from fedcompare.training import predict, torch_threads


class Evaluator:
    """Holds the test set and one model, into which weights are loaded in turn."""

    def __init__(self, config: ExperimentConfig, run: RunDirectory) -> None:
        self._dataset = load_dataset(config.data)
        self._threads = config.train.threads_per_silo
        self._run = run
        self._model = build_model(
            config.model,
            input_shape=tuple(self._dataset.train.inputs.shape[1:]),
            num_classes=len(self._dataset.class_names),
            seed=config.seed,
        )
        self.initial: State = {
            name: tensor.clone() for name, tensor in self._model.state_dict().items()
        }

    def predict(self, state: State, *, source: str = "the weights") -> Predictions:
        """Return the answers of the model with these weights, on the whole test set.

        Raises:
            WeightsError: `source` holds weights of another model.
        """
        test = self._dataset.test
        with torch_threads(self._threads):
            probabilities = predict(load_state(self._model, state, source=source), test.inputs)
        return Predictions(labels=test.labels.numpy(), probabilities=probabilities.numpy())

    def predict_file(self, part: str, file: str, manifest: Manifest) -> Predictions:
        """Return the answers of a model in the run directory; arguments as those of `read`.

        Raises:
            ResultsError: the part has no such weights.
            WeightsError: the file is missing, corrupt, altered, or of another model.
        """
        state = self.read(part, file, manifest)
        return self.predict(state, source=str(self._run.regime_path(part) / file))

    def read(self, part: str, file: str, manifest: Manifest) -> State:
        """Return the weights in `file` of `part`, whose manifest is given.

        Raises: as `predict_file`.
        """
        folder = self._run.regime_path(part)
        if file not in manifest.weights:
            raise ResultsError(
                f"{folder} lacks {file}: it was made by an older fedcompare; "
                "make it again with --force"
            )
        state = read_tensors(folder / file)
        check_digest(folder, file, manifest.weights[file])
        return state
