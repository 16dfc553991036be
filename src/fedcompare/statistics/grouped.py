"""Groups of examples, as a patient's, that count as one: sums over groups that add up."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroupMoments:
    """Sums over groups, each of which lies in one silo: those of several silos are added with `+`.

    `count` is the number of groups. A group has, in each class, a number of examples and each
    seed's sum of differences: a vector of 1 + K numbers. `products`, float [C, 1 + K, C, 1 + K],
    add up over groups the products of two of these numbers, of one class or of two. `won` and
    `lost`, int [K], count the groups whose differences are above and below 0 on balance.
    """

    count: int
    products: Floats
    won: Ints
    lost: Ints

    @classmethod
    def of(
        cls, differences: Floats, labels: Ints, groups: Ints, num_classes: int
    ) -> "GroupMoments":
        """Return the sums of `differences`, float [K, N], by class and group, int [N] each."""
        names, members = np.unique(groups, return_inverse=True)
        numbers = np.vstack((np.ones(len(labels)), differences)).T
        totals = np.zeros((len(names), num_classes, numbers.shape[1]))
        np.add.at(totals, (members, labels), numbers)
        flat, balance = totals.reshape(len(names), -1), totals[:, :, 1:].sum(axis=1)
        return cls(
            count=len(names),
            products=(flat.T @ flat).reshape(totals.shape[1:] * 2),
            won=(balance > 0).sum(axis=0),
            lost=(balance < 0).sum(axis=0),
        )

    @classmethod
    def side_by_side(cls, parts: "Sequence[GroupMoments]") -> "GroupMoments":
        """Return the sums of groups that each have examples of one class only: a class a part."""
        numbers = parts[0].products.shape[1]
        products = np.zeros((len(parts), numbers, len(parts), numbers))
        for index, part in enumerate(parts):
            products[index, :, index, :] = part.products[0, :, 0, :]
        return cls(
            count=sum(part.count for part in parts),
            products=products,
            won=np.sum([part.won for part in parts], axis=0),
            lost=np.sum([part.lost for part in parts], axis=0),
        )

    def __add__(self, other: "GroupMoments") -> "GroupMoments":
        return GroupMoments(
            count=self.count + other.count,
            products=self.products + other.products,
            won=self.won + other.won,
            lost=self.lost + other.lost,
        )

    def of_classes(self, classes: Sequence[int] | npt.NDArray[np.intp]) -> "GroupMoments":
        """Return the sums of these classes only; each group must have examples of one of them."""
        kept = self.products[classes][:, :, classes]
        return replace(self, products=kept)

    def pooled(self) -> "GroupMoments":
        """Return the sums where all examples are of one class."""
        return replace(self, products=self.products.sum(axis=(0, 2), keepdims=True))

    def sizes(self, counts: Ints) -> Floats:
        """Return the effective number of groups in each class, for `counts` of examples [C].

        It is n^2 over the sum of the groups' squared sizes (Kish 1965, Survey Sampling): with
        groups of one size, their number.
        """
        squares = np.einsum("cc->c", self.products[:, 0, :, 0])
        sizes: Floats = counts**2 / np.maximum(squares, 1)
        return sizes

    def second(self, weights: Floats) -> Floats:
        """Return what `Moments.second` is of examples, float [C, K, K]: of the groups' sums."""
        products = np.einsum("ckcl->ckl", self.products[:, 1:, :, 1:])
        second: Floats = weights[:, :, None] * weights[:, None, :] * products
        return second

    def scatter(self, means: Floats, weights: Floats) -> Floats:
        """Return what `Moments.scatter` is of examples, float [K, K], summed over classes.

        It adds up over groups the products of two seeds' sums of weighted deviations, the
        difference minus its class's mean; `means` and `weights` are float [C, K].
        """
        num_classes, num_seeds = means.shape
        deviations = np.zeros((num_seeds, num_classes, 1 + num_seeds))
        seeds = np.arange(num_seeds)
        deviations[:, :, 0] = -(weights * means).T
        deviations[seeds, :, 1 + seeds] = weights.T
        rows = deviations.reshape(num_seeds, -1)
        scatter: Floats = rows @ self.products.reshape(rows.shape[1], -1) @ rows.T
        return scatter
