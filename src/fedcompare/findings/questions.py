"""On which cases a silo asks whether it gains: a row per question."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from fedcompare.findings.test_sets import ALL, TestSet, others, own, unseen


class Question(StrEnum):
    """On which cases a silo asks whether it gains, in the order of tables."""

    OWN = "own cases"
    OTHERS = "other silos' cases"
    WHOLE = "whole population"
    UNSEEN = "never-seen cases"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A question: the test set that answers it for a silo, and its words.

    `of_silos` and `of_silo` name the cases in sentences on several silos and on one; `on` does so
    where no silo is meant. The question is asked only where `is_asked` of how many classes the
    silo could learn from others.
    """

    question: Question
    test_set: Callable[[int], TestSet]
    of_silos: str
    of_silo: str
    on: str
    is_asked: Callable[[int], bool] = lambda learnable: True


# In the order of sentences: what matters to the most comes first.
QUESTIONS = (
    Row(
        question=Question.WHOLE,
        test_set=lambda silo: ALL,
        of_silos="the whole population",
        of_silo="the whole population",
        on="on the whole population",
    ),
    Row(
        question=Question.UNSEEN,
        test_set=unseen,
        of_silos="cases of classes they never saw",
        of_silo="cases of classes it never saw",
        on="on never-seen cases",
        is_asked=lambda learnable: learnable > 0,
    ),
    Row(
        question=Question.OWN,
        test_set=own,
        of_silos="their own cases",
        of_silo="its own cases",
        on="on own cases",
    ),
    Row(
        question=Question.OTHERS,
        test_set=others,
        of_silos="the other silos' cases",
        of_silo="the other silos' cases",
        on="on the other silos' cases",
    ),
)


def row_of(question: Question) -> Row:
    """Return the row of a question."""
    return next(row for row in QUESTIONS if row.question is question)
