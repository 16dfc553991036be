"""What is said of rows that are held out in folds."""

from fedcompare.config.groups import ComparisonConfig
from fedcompare.text.wording import percent, plural


def told_folds(config: ComparisonConfig) -> str:
    """Return how rows are held out, and of which models gains are then; empty without folds."""
    folds = config.folds
    if folds < 2:
        return ""
    return (
        f"Every row is held out once a seed, in one of {plural(folds, 'fold')} that each seed "
        "deals anew, and answered by models that never saw it. These are trained on the other "
        f"folds, {percent(1 - 1 / folds, 0)} % of the rows: a gain is that of such models, and "
        "models of all rows may differ a little. So it is by default where the median silo has "
        "fewer than 1,000 rows of its own; --folds 1 takes one split for all seeds."
    )
