"""What data hold, whatever their form."""

from fedcompare.config.groups import ExperimentConfig
from fedcompare.data.inspection.found import Inspection
from fedcompare.data.inspection.pictures import inspect_pictures
from fedcompare.data.inspection.table import inspect_table
from fedcompare.data.silos import load_dataset
from fedcompare.data.sources.folder import recognised


def inspect_data(config: ExperimentConfig) -> Inspection:
    """Return what data hold and what will be done with them; of a table, label may be unknown.

    Raises:
        FedcompareError: the data cannot be loaded, or something in them is not what it has to be.
    """
    config = config.model_copy(update={"data": recognised(config.data)})
    if config.data.is_table or load_dataset(config.data).contract:
        return inspect_table(config)
    return inspect_pictures(config)
