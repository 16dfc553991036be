"""What is wrong with the data is said before anything is trained, whatever the command."""

import pytest

from fedcompare.data.silos import loaded
from made_up_pictures import encoded, noise, write_class_folders, write_simple

COMMANDS = ("partition", "isolated", "federated", "compare")


def other_shape(folder):
    """12 x 3 pixels for training and 4 x 9 for testing: as many, but not the same."""
    train = [noise(seed=seed, side=12).resize((12, 3)) for seed in range(4)]
    test = [noise(seed=seed, side=12).resize((4, 9)) for seed in range(4, 6)]
    write_class_folders(folder, train=train, test=test)
    return "12 x 3 (4, such as ", "4 x 9 (2, such as ", "image-size"


def truncated(folder):
    path = write_simple(folder) / "train/dog/001.png"
    path.write_bytes(encoded(noise(seed=1, side=40))[:600])
    return (str(path),)


def no_class_folders(folder):
    write_simple(folder)
    for path in (folder / "train").rglob("*.png"):
        path.rename(folder / "train" / path.name)
    return f"4 of 6 pictures in {folder}", "train/CLASS/"


def nothing(folder):
    return (f"{folder} is no folder",)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("spoil", [other_shape, truncated, no_class_folders, nothing])
def test_bad_data_are_refused_before_anything_is_trained(cli, tmp_path, command, spoil):
    loaded.cache_clear()
    wanted = spoil(tmp_path / "data")
    results = tmp_path / "results"
    settings = (f"dataset=hub:{tmp_path / 'data'}", "num-silos=2", "excluded-classes=")
    arguments = [part for setting in settings for part in ("--set", setting)]
    outcome = cli(command, *arguments, "--results", results)
    assert outcome.code == 5
    assert outcome.err.count("fedcompare: ") == 1
    for text in wanted:
        assert text in outcome.err
    assert not [path for path in results.rglob("*") if path.is_file()]
