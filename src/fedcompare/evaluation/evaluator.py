"""Let models answer the test set, with weights at hand or with stored ones that are as recorded."""

from fedcompare.config.groups import ExperimentConfig
from fedcompare.data.silos import Silos
from fedcompare.evaluation.answers import Answers
from fedcompare.learning.finite import check_finite
from fedcompare.learning.forward import predict, torch_threads
from fedcompare.learning.models.catalog import initial_model
from fedcompare.learning.weights import State, load_state, read_tensors, trainable_names
from fedcompare.runs.directory import RunDirectory
from fedcompare.runs.manifest import Manifest, check_file


class Evaluator:
    """Holds the test set and one model, into which weights are loaded in turn."""

    def __init__(self, config: ExperimentConfig, silos: Silos) -> None:
        self.test = silos.test
        self._threads, self._device = config.train.threads_per_silo, config.train.device
        self._model = initial_model(config, silos.dataset)
        self.initial: State = {
            name: tensor.clone() for name, tensor in self._model.state_dict().items()
        }
        self.trainable = trainable_names(self._model)

    def predict(self, state: State, *, source: str = "the weights") -> Answers:
        """Return the answers of the model with these weights, on the whole test set.

        Raises:
            DivergedError: the weights, or what they answer, are not finite.
            WeightsError: `source` holds weights of another model.
        """
        check_finite(source, state)
        model = load_state(self._model, state, source=source)
        with torch_threads(self._threads):
            outputs = predict(model, self.test.inputs, self.test.scale, device=self._device)
        check_finite(source, {"an answer on the test set": outputs})
        return Answers.of(
            outputs.numpy(), ids=self.test.ids.numpy(), labels=self.test.labels.numpy()
        )

    def predict_file(self, run: RunDirectory, part: str, file: str, manifest: Manifest) -> Answers:
        """Return the answers of a stored model; arguments as those of `read_weights`.

        Raises:
            ResultsError: the part has no such weights.
            WeightsError: the file is missing, corrupt, altered, not finite, or of another model.
            DivergedError: what the weights answer is not finite.
        """
        state = read_weights(run, part, file, manifest)
        return self.predict(state, source=str(run.regime_path(part) / file))


def read_weights(run: RunDirectory, part: str, file: str, manifest: Manifest) -> State:
    """Return the weights in `file` of a part of `run`, whose manifest is given.

    Raises:
        ResultsError: the part has no such weights.
        WeightsError: the file is missing, corrupt, altered or not finite.
    """
    folder = run.regime_path(part)
    state = read_tensors(folder / file)
    check_file(folder, manifest, file)
    return state
