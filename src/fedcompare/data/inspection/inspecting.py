"""Looking at data in whatever form; at a table without torch, which takes longer than a look."""

from fedcompare.config.groups import ExperimentConfig
from fedcompare.data.inspection.found import Inspection
from fedcompare.data.inspection.table import inspect_table


def inspect_data(config: ExperimentConfig) -> Inspection:
    """Return what data hold and what will be done with them; of a table, label may be unknown.

    Raises:
        FedcompareError: the data cannot be loaded, or something in them is not what it has to be.
    """
    return inspect_table(config) if config.data.is_table else _inspect_other(config)


def _inspect_other(config: ExperimentConfig) -> Inspection:
    from fedcompare.data.silos import load_dataset
    from fedcompare.data.sources.folder import recognised

    config = config.model_copy(update={"data": recognised(config.data)})
    if config.data.is_table or load_dataset(config.data).contract:
        return inspect_table(config)
    from fedcompare.data.inspection.pictures import inspect_pictures

    return inspect_pictures(config)
