"""What a silo's own rows give without a network: scikit-learn's models, and one constant answer.

They are fitted whenever they are to answer, in a moment, so nothing is stored of them but answers.
All settings are scikit-learn's own but those below, which are the same for every silo and task: a
reference that is tuned for somebody is none.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fedcompare.evaluation.answers import Answers
from fedcompare.regimes.catalog import Regime
from fedcompare.regimes.models import ModelId
from fedcompare.seeds import derive_seed

if TYPE_CHECKING:
    from fedcompare.data.examples import Examples
    from fedcompare.data.silos import Silos

Floats = npt.NDArray[np.float64]
# Of sums over the rows, with standardised inputs: scikit-learn's C and alpha.
_STRENGTH = 1.0
_ITERATIONS = 1000
# As good on small tables as scikit-learn's own 100 trees at .1, in a third of the time.
_TREES, _LEARNING_RATE = 30, 0.15
_ROWS_OF_A_LEAF = 20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Rows:
    """A silo's training rows: `inputs` [N, F], `labels` [N], and `num_classes` or 0 of numbers."""

    inputs: Floats
    labels: npt.NDArray[Any]
    num_classes: int
    seed: int

    @property
    def are_alike(self) -> bool:
        """Return whether all have one label, so that there is nothing to tell apart."""
        return bool((self.labels == self.labels[0]).all())


def conventional_answers(
    regimes: Sequence[Regime], silos: "Silos", test: "Examples", *, seed: int
) -> dict[ModelId, Answers]:
    """Return what each silo's own training rows would answer on `test` without a network.

    Classes of which a silo has no row get probability 0. Where it has one row, or rows of one label
    only, every model gives the same answer always. One thread does it, so that the bits are the
    same in every process.
    """
    from threadpoolctl import threadpool_limits

    found: dict[ModelId, Answers] = {}
    inputs, num_classes = test.inputs.double().numpy(), len(silos.class_names)
    with threadpool_limits(limits=1):  # finding the libraries takes as long as a fit: once for all
        for silo in silos if regimes else ():
            rows = _Rows(
                inputs=silo.train.inputs.double().numpy(),
                labels=silo.train.labels.numpy(),
                num_classes=num_classes,
                seed=derive_seed(seed, "conventional", silo.id) % 2**32,
            )
            for regime in regimes:
                fit = constant if rows.are_alike else FITS[regime]
                outputs = fit(rows, inputs)
                found[ModelId(regime, silo.id)] = Answers.of(
                    outputs.astype(np.float32) if num_classes else outputs,
                    ids=test.ids.numpy(),
                    labels=test.labels.numpy(),
                )
    return found


def constant(rows: _Rows, inputs: Floats) -> Floats:
    """Return the shares of the classes among the rows, for every input; of numbers their mean."""
    if not rows.num_classes:
        return np.full(len(inputs), rows.labels.mean())
    shares = np.bincount(rows.labels, minlength=rows.num_classes) / len(rows.labels)
    return np.tile(shares, (len(inputs), 1))


def regularised_linear(rows: _Rows, inputs: Floats) -> Floats:
    """Return the answers of logistic regression, or of ridge regression where labels are numbers.

    Inputs are standardised by the silo's own rows; both penalties have strength 1.
    """
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if rows.num_classes:
        model = LogisticRegression(C=_STRENGTH, max_iter=_ITERATIONS)
    else:
        model = Ridge(alpha=_STRENGTH)
    return _fitted(make_pipeline(StandardScaler(), model), rows, inputs)


def boosted_trees(rows: _Rows, inputs: Floats) -> Floats:
    """Return the answers of histogram gradient boosting, of 30 trees (a class).

    Its leaves have 20 rows or more; with fewer than 40 there is nothing to split.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    if len(rows.labels) < 2 * _ROWS_OF_A_LEAF:
        return constant(rows, inputs)
    kind = HistGradientBoostingClassifier if rows.num_classes else HistGradientBoostingRegressor
    model = kind(
        max_iter=_TREES,
        learning_rate=_LEARNING_RATE,
        min_samples_leaf=_ROWS_OF_A_LEAF,
        early_stopping=False,
        random_state=rows.seed,
    )
    return _fitted(model, rows, inputs)


FITS: dict[Regime, Callable[[_Rows, Floats], Floats]] = {
    Regime.CONSTANT: constant,
    Regime.REGULARISED_LINEAR: regularised_linear,
    Regime.BOOSTED_TREES: boosted_trees,
}


def _fitted(model: Any, rows: _Rows, inputs: Floats) -> Floats:
    """Return what scikit-learn's `model` of the rows answers, [N, C] or [N]."""
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        # After so many steps the last ones change nothing that is seen.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(rows.inputs, rows.labels)
    if not rows.num_classes:
        return np.asarray(model.predict(inputs), dtype=np.float64)
    outputs = np.zeros((len(inputs), rows.num_classes))
    outputs[:, model.classes_] = model.predict_proba(inputs)
    return outputs
