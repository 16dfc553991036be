"""What `verify` asks of one part: is it as it was made, and from what the data give now?"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from fedcompare.data.silos import Silos
from fedcompare.errors import FedcompareError
from fedcompare.findings.checks import Check
from fedcompare.regimes.budgets import count_steps
from fedcompare.regimes.catalog import Way, row_of
from fedcompare.regimes.coalitions import coalition_part, coalitions_to_train
from fedcompare.runs.directory import COALITION_PREDICTIONS, PREDICTIONS, RunDirectory
from fedcompare.runs.inputs import wanted_inputs
from fedcompare.runs.manifest import Manifest, Training, file_digest
from fedcompare.runs.reuse import mismatch, outdated_sources

# Their answers are predicted again, and compared one by one.
ANSWERED = (PREDICTIONS, COALITION_PREDICTIONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartCheck:
    """Checks the parts of one seed; without its `silos` only what needs no data."""

    run: RunDirectory
    silos: Silos | None

    def check(self, part: str, fault: str | None = None) -> Check:
        """Return whether a part is there, unaltered, and what its inputs give.

        A `fault` is what else was found wrong with it.
        """
        subject = f"{self.run.name}/{part}"
        try:
            manifest = self.run.read_manifest(part)
            problems = [*self._altered(manifest), *self._inputs(manifest)]
            if manifest.training and self.silos:
                problems += self._training(manifest, manifest.training, self.silos)
        except FedcompareError as error:
            problems = [str(error)]
        problems += [fault] if fault and fault not in problems else []
        good = f"{len(manifest.files)} files as recorded" if not problems else ""
        good += f", {len(manifest.weights)} of weights" if good and manifest.weights else ""
        good += "; data and partition too" if good and self.silos else ""
        return Check(subject=subject, ok=not problems, finding="; ".join(problems) or good)

    def _altered(self, manifest: Manifest) -> Iterator[str]:
        for file, expected in manifest.files.items():
            path = self.run.path / manifest.part / file
            if manifest.part in ANSWERED and file.endswith(".safetensors"):
                continue
            if not path.is_file():
                yield f"{file} is missing"
            elif file_digest(path) != expected:
                yield f"{file} was altered"

    def _inputs(self, manifest: Manifest) -> Iterator[str]:
        made = manifest.inputs
        origin = self.silos.origin if self.silos else made.origin
        wanted = wanted_inputs(self.run.config, origin, made.regime)
        if problem := mismatch(self.run, manifest, replace(wanted, software=made.software)):
            yield problem
        if outdated := outdated_sources(self.run, manifest):
            yield f"was made from another {outdated[0]} than there is now"

    def _training(self, manifest: Manifest, training: Training, silos: Silos) -> Iterator[str]:
        config, regime = self.run.config, manifest.inputs.regime
        assert regime is not None
        epochs = row_of(regime).schedule(config).total
        sizes = list(map(sum, silos.label_counts))
        if row_of(regime).shared and row_of(regime).way is Way.ALONE:
            sizes = [sum(sizes)]
        elif manifest.part != regime:
            sizes = [sizes[silo - 1] for silo in _members(silos)[manifest.part]]
        batch_size = config.train.batch_size
        expected = {
            "label_counts": silos.label_counts,
            "class_names": silos.class_names,
            "example_bytes": silos.example_bytes,
            "notes": silos.notes,
            "silo_names": silos.names,
            "columns": silos.columns,
            "skew": silos.measured_skew,
            "epochs": epochs,
            "local_steps": tuple(
                count_steps(size, epochs=epochs, batch_size=batch_size) for size in sizes
            ),
        }
        for fact, value in expected.items():
            if getattr(training, fact) != value:
                yield f"its {fact} are not what data and configuration give"


def _members(silos: Silos) -> dict[str, tuple[int, ...]]:
    return {coalition_part(members): members for members in coalitions_to_train(len(silos))}
