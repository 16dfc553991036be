"""Let all stored models of one seed answer the test set, and what scikit-learn makes of its rows.

The answers are written once, from the stored weights and the silos' rows, and all that a
comparison says is derived from them. `verify` makes them again and compares the bytes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fedcompare.data.silos import Silos
from fedcompare.evaluation.answers import Answers, answers_to_bytes
from fedcompare.evaluation.conventional import conventional_answers
from fedcompare.evaluation.derived import DERIVED, Made
from fedcompare.evaluation.evaluator import Evaluator, read_weights
from fedcompare.evaluation.stored import (
    GROUPS,
    OWNERS,
    ROUNDS,
    answering_packages,
    answers_file,
    groups_to_bytes,
    owners_to_bytes,
    rounds_to_bytes,
    weights_of,
)
from fedcompare.regimes.catalog import FOLLOWED, ROWS, TRAINED, Row, Way, row_of, rows_for
from fedcompare.regimes.coalitions import coalition_part, coalitions_to_train
from fedcompare.regimes.models import ModelId, local_models, models_of, weights_file
from fedcompare.runs.directory import COALITION_PREDICTIONS, PREDICTIONS, RunDirectory
from fedcompare.runs.files import write_bytes
from fedcompare.runs.inputs import wanted_inputs
from fedcompare.runs.manifest import TENSORS, Manifest
from fedcompare.runs.reuse import read_comparable
from fedcompare.runs.writing import write_part


def write_seed_answers(run: RunDirectory, silos: Silos) -> None:
    """Let everything answer that was trained with one seed, and write the part `predictions/`.

    Raises:
        ResultsError: a regime is missing, or was made from other inputs.
        WeightsError: a file of weights is corrupt or altered.
        StorageError: something cannot be written.
    """
    manifests = _comparable(run, silos, TRAINED)
    _write(run, silos, PREDICTIONS, dict(_seed_files(run, silos, manifests)), TRAINED)


def write_coalition_answers(
    run: RunDirectory, silos: Silos, coalitions: Sequence[Sequence[int]]
) -> None:
    """Let the coalitions' models answer, and write the part `coalition-predictions/`.

    Raises: as `write_seed_answers`.
    """
    parts = list(map(coalition_part, coalitions))
    files = dict(_coalition_files(run, silos, _comparable(run, silos, parts)))
    _write(run, silos, COALITION_PREDICTIONS, files, parts)


def remake(run: RunDirectory, silos: Silos, part: str) -> Iterator[tuple[str, bytes]]:
    """Yield (file name, bytes) of a part of answers, as weights and rows give it now.

    Raises: as `write_seed_answers`.
    """
    if part == PREDICTIONS:
        yield from _seed_files(run, silos, {p: run.read_manifest(p) for p in TRAINED})
    else:
        parts = map(coalition_part, coalitions_to_train(len(silos)))
        yield from _coalition_files(run, silos, {p: run.read_manifest(p) for p in parts})


def answer(
    run: RunDirectory,
    evaluator: Evaluator,
    models: Iterable[ModelId],
    manifests: Mapping[str, Manifest],
) -> dict[ModelId, Answers]:
    """Return the answers of trained models; `manifests` are those of their regimes' parts.

    Raises: as `write_seed_answers`.
    """
    return {
        model: evaluator.predict_file(
            run, model.regime, model.weights_file(), manifests[model.regime]
        )
        for model in models
    }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Seed:
    """What makes one seed's answers."""

    run: RunDirectory
    silos: Silos
    evaluator: Evaluator
    manifests: Mapping[str, Manifest]

    def derive(self, row: Row, trained: Mapping[ModelId, Answers]) -> Answers:
        """Return the answers of a model that is made of those of its source."""
        assert row.source
        models = models_of([row_of(row.source)], self.silos.ids)
        manifest = self.manifests[row.source]
        made = Made(
            states=[
                read_weights(self.run, row.source, model.weights_file(), manifest)
                for model in models
            ],
            answers=[trained[model] for model in models],
            num_examples=[sum(counts) for counts in self.silos.label_counts],
        )
        source = f"the one-shot {row.regime}, {self.run.config.repeat}"
        return DERIVED[row.way](made, self.evaluator, source)

    def untrained(self, trained: Mapping[ModelId, Answers]) -> Iterator[tuple[ModelId, Answers]]:
        """Yield (model, answers) of everything that has no weights of its own."""
        rows = rows_for(is_table=bool(self.silos.contract))
        for row in rows:
            if row.way in DERIVED:
                yield ModelId(row.regime), self.derive(row, trained)
        regimes = [row.regime for row in rows if row.way is Way.LIBRARY]
        test, seed = self.evaluator.test, self.run.config.seed
        yield from conventional_answers(regimes, self.silos, test, seed=seed).items()

    def after_rounds(
        self, final: Mapping[ModelId, Answers]
    ) -> Iterator[tuple[ModelId, int, Answers]]:
        """Yield (model, round, answers) of everything that has rounds."""
        last = self.run.config.budget.num_server_rounds
        initial = self.evaluator.predict(self.evaluator.initial)
        for model in models_of(FOLLOWED, self.silos.ids):
            yield model, 0, initial
            for number in range(1, last):
                yield model, number, self._after(model, number)
            yield model, last, final[model]
        for model in local_models(self.silos.ids):
            for number in range(1, last + 1):
                yield model, number, self._after(model, number)

    def _after(self, model: ModelId, number: int) -> Answers:
        file = model.weights_file(round=number)
        manifest = self.manifests[model.regime]
        return self.evaluator.predict_file(self.run, model.regime, file, manifest)


def _seed_files(
    run: RunDirectory, silos: Silos, manifests: Mapping[str, Manifest]
) -> Iterator[tuple[str, bytes]]:
    evaluator = Evaluator(run.config, silos)
    seed = _Seed(run=run, silos=silos, evaluator=evaluator, manifests=manifests)
    trained = models_of([row for row in ROWS if row.trained], silos.ids)
    final = answer(run, evaluator, trained, manifests)
    final |= dict(seed.untrained(final))
    rounds = {(model, number): answers for model, number, answers in seed.after_rounds(final)}
    for model, answers in final.items():
        yield answers_file(model), answers_to_bytes(answers)
    yield ROUNDS, rounds_to_bytes(rounds)
    if silos.own_rows:
        yield OWNERS, owners_to_bytes(silos.test_owners)
    if (groups := silos.dataset.test_groups) is not None:
        yield GROUPS, groups_to_bytes(groups)


def _coalition_files(
    run: RunDirectory, silos: Silos, manifests: Mapping[str, Manifest]
) -> Iterator[tuple[str, bytes]]:
    evaluator = Evaluator(run.config, silos)
    for part, manifest in manifests.items():
        answers = evaluator.predict_file(run, part, weights_file(None), manifest)
        yield f"{part}{TENSORS}", answers_to_bytes(answers)


def _write(
    run: RunDirectory,
    silos: Silos,
    part: str,
    files: Mapping[str, bytes],
    made_from: Sequence[str],
) -> None:
    inputs = wanted_inputs(
        run.config,
        silos.origin,
        sources=weights_of(run, made_from),
        packages=answering_packages(part, is_table=bool(silos.contract)),
    )
    with run.writing(part) as folder:
        for name, content in files.items():
            write_bytes(folder / name, content)
        write_part(folder, part, run.config, inputs)


def _comparable(run: RunDirectory, silos: Silos, parts: Sequence[str]) -> dict[str, Manifest]:
    return {part: read_comparable(run, part, silos.origin) for part in parts}
