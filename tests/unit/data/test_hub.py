import json
import shutil

import datasets
import pytest
import torch
from huggingface_hub.errors import HFValidationError, OfflineModeIsEnabled

from fedcompare.config.groups import DataConfig
from fedcompare.data.sources.catalog import open_source
from fedcompare.data.sources.hub import HubDataset
from fedcompare.errors import DataError, HubError
from made_up_pictures import (
    NAMES,
    encoded,
    noise,
    table,
    write_labels,
    write_tables,
)

CLASSES = datasets.ClassLabel(names=list(NAMES))
LABELS = {"train": [0, 1, 2, 0, 1, 2], "test": [2, 1, 0]}


def decode(name, **keys):
    source = open_source(DataConfig(dataset=f"hub:{name}", **keys))
    assert isinstance(source, HubDataset)
    return source.decode()


def tables(**features):
    """Return both splits, with the same labels in each of the given columns."""
    return {
        split: table(dict.fromkeys(features, labels), features, first_seed=10 * len(labels))
        for split, labels in LABELS.items()
    }


@pytest.mark.parametrize(
    ("feature", "wrap", "kind"),
    [
        (datasets.Value("int64"), int, "int64"),
        (datasets.Value("uint8"), int, "uint8"),
        (datasets.List(datasets.Value("uint8")), lambda label: [label], "list of uint8"),
        (datasets.Value("string"), str, "string"),
    ],
)
def test_integers_text_and_lists_of_one_are_labels(tmp_path, feature, wrap, kind):
    splits = {split: list(map(wrap, labels)) for split, labels in LABELS.items()}
    data = decode(write_labels(tmp_path, feature, **splits))
    assert data.class_names == ("0", "1", "2")
    assert data.train.labels.tolist() == LABELS["train"]
    assert data.test.labels.tolist() == LABELS["test"]
    assert data.notes == (f"Labels are the values of the column 'label' ({kind}).",)


def test_several_labels_for_one_example_are_refused(tmp_path):
    feature = datasets.List(datasets.Value("int64"))
    write_labels(tmp_path, feature, train=[[0], [1, 2]], test=[[0]])
    with pytest.raises(DataError, match="train, row 1 has 2 labels in column 'label'"):
        decode(tmp_path)


@pytest.mark.parametrize("missing", [-1, None])
def test_missing_labels_are_counted_by_split(tmp_path, missing):
    write_labels(tmp_path, CLASSES, train=[0, 1, 2], test=[0, missing, missing])
    with pytest.raises(DataError, match="split 'test': 2 of 3 examples have no label"):
        decode(tmp_path)


def test_a_class_name_without_examples_is_no_class(tmp_path):
    data = decode(write_labels(tmp_path, CLASSES, train=[1, 2, 1], test=[2]))
    assert (data.class_names, data.train.labels.tolist()) == (("dog", "eel"), [0, 1, 0])


def test_columns_that_may_all_be_labels_are_listed_with_their_kinds(tmp_path):
    write_tables(tmp_path, tables(fine=CLASSES, coarse=CLASSES, age=datasets.Value("int8")))
    with pytest.raises(
        DataError, match=r"fine \(ClassLabel\), coarse .*, age \(int8\); set label$"
    ):
        decode(tmp_path)
    assert decode(tmp_path, label_column="age").class_names == ("0", "1", "2")


def test_a_column_of_classes_comes_before_integers(tmp_path):
    write_tables(tmp_path, tables(label=CLASSES, age=datasets.Value("int8")))
    assert decode(tmp_path).class_names == NAMES


def test_data_without_pictures_or_labels_are_told_what_is_needed(tmp_path):
    write_tables(tmp_path, tables(score=datasets.Value("float32")))
    with pytest.raises(DataError, match=r"no label column: .*score \(float32\)\. fedcompare needs"):
        decode(tmp_path)
    shutil.rmtree(tmp_path)
    write_tables(
        tmp_path, {s: rows.remove_columns("image") for s, rows in tables(y=CLASSES).items()}
    )
    with pytest.raises(DataError, match=r"no Image column: the columns are y \(ClassLabel\)"):
        decode(tmp_path)


def test_what_save_to_disk_wrote_is_read(tmp_path):
    splits = tables(label=CLASSES)
    datasets.DatasetDict(splits).save_to_disk(tmp_path / "saved")
    saved, stored = decode(tmp_path / "saved"), decode(write_tables(tmp_path / "parquet", splits))
    assert torch.equal(saved.train.inputs, stored.train.inputs)
    assert saved.fingerprint == stored.fingerprint
    with pytest.raises(DataError, match=r"no split 'validation'; it has test, train"):
        decode(tmp_path / "saved", test_split="validation")


def test_a_saved_table_without_splits_is_refused(tmp_path):
    tables(label=CLASSES)["train"].save_to_disk(tmp_path)
    with pytest.raises(DataError, match="is one table without splits"):
        decode(tmp_path)


def test_splits_whose_columns_differ_are_refused(tmp_path):
    splits = tables(label=CLASSES)
    splits["test"] = splits["test"].cast_column("label", datasets.Value("int64"))
    datasets.DatasetDict(splits).save_to_disk(tmp_path)
    with pytest.raises(DataError, match="split 'test': column 'label' is"):
        decode(tmp_path)


@pytest.fixture
def two_configurations(tmp_path):
    lines = ["---", "configs:"]
    for name in ("north", "south"):
        write_tables(tmp_path / name, tables(label=CLASSES))
        lines += [f"- config_name: {name}", "  data_files:"]
        for split in LABELS:
            lines += [f"  - split: {split}", f"    path: {name}/{split}-*"]
    (tmp_path / "README.md").write_text("\n".join([*lines, "---", "# Made up"]))
    return tmp_path


def test_one_of_several_configurations_is_chosen(two_configurations):
    assert decode(two_configurations, dataset_config="south").class_names == NAMES


@pytest.mark.parametrize("chosen", ["", "west"])
def test_the_configurations_to_choose_from_are_listed(two_configurations, chosen):
    with pytest.raises(DataError, match=r"dataset-config.*'north', 'south'"):
        decode(two_configurations, dataset_config=chosen)


def test_labels_in_a_table_beside_the_pictures(tmp_path):
    for split, count in (("train", 4), ("test", 2)):
        (tmp_path / split).mkdir()
        lines = []
        for number in range(count):
            noise(seed=number).save(tmp_path / split / f"{number}.png")
            label = "sick" if number % 2 else "well"
            lines.append(json.dumps({"file_name": f"{number}.png", "label": label}))
        (tmp_path / split / "metadata.jsonl").write_text("\n".join(lines))
    data = decode(tmp_path)
    assert (data.class_names, data.train.labels.tolist()) == (("sick", "well"), [1, 0, 1, 0])
    assert "Labels are the values of the column 'label' (string)." in data.notes
    (tmp_path / "train/2.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"train/2\.png\) is empty"):
        decode(tmp_path)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "has no picture"),
        (b"", "is empty"),
        (encoded(noise(seed=1, side=40))[:600], "is a damaged picture"),
    ],
)
def test_a_picture_that_is_missing_or_damaged_is_named_by_its_row(tmp_path, content, problem):
    features = datasets.Features({"image": datasets.Image(), "label": CLASSES})
    good = {"bytes": encoded(noise(seed=1)), "path": "scan.png"}
    bad = None if content is None else {"bytes": content, "path": "scan.png"}
    rows = {"image": [good, good, bad], "label": [0, 1, 2]}
    splits = {s: datasets.Dataset.from_dict(rows, features=features) for s in ("train", "test")}
    write_tables(tmp_path, splits)
    with pytest.raises(DataError, match=rf"train, row 2 .*{problem}|train, row 2 {problem}"):
        decode(tmp_path)


def test_the_mode_of_an_image_column_is_kept_to(tmp_path):
    splits = tables(label=CLASSES)
    colour = {s: r.cast_column("image", datasets.Image(mode="RGB")) for s, r in splits.items()}
    datasets.DatasetDict(colour).save_to_disk(tmp_path)
    assert decode(tmp_path).train.inputs.shape[1] == 3


@pytest.mark.parametrize("kept", [0, 300, -100])
def test_a_damaged_table_is_a_matter_of_files(tmp_path, kept):
    write_tables(tmp_path, tables(label=CLASSES))
    path = tmp_path / "train-00000-of-00001.parquet"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(
        DataError, match=r"cannot be loaded: .*Its files are damaged .*restore them"
    ):
        decode(tmp_path)


def test_a_linked_folder_that_would_vanish_is_named(tmp_path):
    write_tables(tmp_path / "data", tables(label=CLASSES))
    (tmp_path / "more").mkdir()
    (tmp_path / "more/train-00001.parquet").write_bytes(b"")
    (tmp_path / "data/more").symlink_to(tmp_path / "more")
    with pytest.raises(DataError, match="data/more is a link to a folder"):
        decode(tmp_path / "data")


@pytest.mark.parametrize("name", ["./nothing", "~/nothing", "/nothing", "a/b/c", "~nobody/x"])
def test_a_path_that_is_no_folder_is_not_looked_for_on_the_hub(name, monkeypatch):
    monkeypatch.setattr("datasets.load_dataset", None)
    with pytest.raises(DataError, match=r"is no folder\. Name the folder"):
        decode(name)


def test_a_file_in_place_of_a_folder_is_named(tmp_path):
    (tmp_path / "x.parquet").write_text("")
    with pytest.raises(DataError, match=r"x\.parquet is no folder"):
        decode(tmp_path / "x.parquet")


def test_nothing_is_left_in_caches_of_the_library(tmp_path, monkeypatch):
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = write_tables(tmp_path / "data", tables(label=CLASSES))
    decode(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def raising(error):
    def load(*arguments, **keys):
        raise error

    return load


def generation_error():
    error = datasets.exceptions.DatasetGenerationError("An error occurred")
    error.__cause__ = ValueError("column y is missing")
    return error


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (ConnectionError("Couldn't reach 'a/b' on the Hub"), "Check the network"),
        (OfflineModeIsEnabled("offline"), "HF_HUB_OFFLINE"),
        (TimeoutError("timed out"), "Check the network"),
        (datasets.exceptions.DatasetNotFoundError("Dataset 'a/b' doesn't exist"), "Check the name"),
        (datasets.exceptions.DatasetNotFoundError("Dataset 'a/b' is gated"), "hf auth login"),
        (HFValidationError("Repo id must use alphanumeric chars"), "Check the name"),
        (
            ValueError(
                "Config name is missing.\nPlease pick one among the available configs: "
                "['x', 'y']\nExample"
            ),
            r"set dataset-config to one of 'x', 'y'",
        ),
        (
            ValueError("BuilderConfig 'z' not found. Available: ['x', 'y']"),
            r"dataset-config = 'z' does not exist; it has 'x', 'y'",
        ),
        (RuntimeError("Dataset scripts are no longer supported, but found b.py"), "in Parquet"),
        (ImportError("To support decoding audio, please install 'torchcodec'"), "Install the"),
        (datasets.exceptions.DataFilesNotFoundError("No (supported) data files"), "Parquet files"),
        (generation_error(), "column y is missing. Its files are damaged"),
        (OSError(28, "No space left on device"), "Free some space"),
        (KeyError("features"), "Its files are damaged"),
    ],
)
def test_each_failure_of_the_hub_has_its_own_remedy(monkeypatch, error, remedy):
    monkeypatch.setattr("datasets.load_dataset", raising(error))
    with pytest.raises(HubError, match=f"(?s)dataset hub:a/b.*{remedy}") as caught:
        decode("a/b")
    assert ("mnist" in str(caught.value)) == ("network" in remedy or "OFFLINE" in remedy)


@pytest.mark.parametrize("fresh", [False, True])
def test_data_of_the_hub_are_opened_once_and_prepared_anew_only_when_asked(monkeypatch, fresh):
    calls = []

    def load(*arguments, **keys):
        calls.append((arguments, keys))
        return tables(label=CLASSES)

    monkeypatch.setattr("datasets.load_dataset", load)
    source = open_source(DataConfig(dataset="hub:a/b", dataset_config="x"), fresh=fresh)
    identity, data = source.identity(), source.decode()
    assert data.class_names == NAMES
    assert identity["name"] == "a/b"
    (((name,), keys),) = calls
    assert (name, keys["name"]) == ("a/b", "x")
    assert keys["download_mode"] == ("reuse_cache_if_exists" if fresh else None)


SITES = {"train": ["b", "b", "a", "a", " b ", None], "test": ["a", "c", "b"]}


def sited():
    """Return both splits with a column of labels and one of silos."""
    return {
        split: table(
            {"label": labels, "site": SITES[split]},
            {"label": CLASSES, "site": datasets.Value("string")},
            first_seed=10 * len(labels),
        )
        for split, labels in LABELS.items()
    }


def test_a_column_names_the_silos(tmp_path):
    data = decode(write_tables(tmp_path, sited()), silo="site")
    assert data.silo_names == ("a", "b")
    assert data.train.silos.tolist() == [1, 1, 0, 0, 1, -1]
    assert data.test.silos.tolist() == [0, -1, 1]
    assert data.notes == (
        "1 training example without a silo: no silo has them.",
        "1 test example of silos without training examples, such as c: no silo has them.",
    )


def test_a_column_names_the_groups_and_pictures_without_one_are_their_own(tmp_path):
    data = decode(write_tables(tmp_path, sited()), group="site", label="label")
    assert data.silo_names == ()
    assert data.train.groups.tolist() == [0, 0, 1, 1, 0, 2]
    assert data.test.groups.tolist() == [1, 3, 0]
    assert "1 picture without site: each is a group of its own." in data.notes


def test_names_of_classes_may_be_those_of_silos_and_numbers_get_the_name_of_their_column(tmp_path):
    kinds = {"label": datasets.Value("int64"), "site": datasets.ClassLabel(names=["3", "20"])}
    splits = {
        split: table({"label": labels, "site": [n % 2 for n in labels]}, kinds)
        for split, labels in LABELS.items()
    }
    data = decode(write_tables(tmp_path, splits), silo="site")
    assert data.silo_names == ("site 3", "site 20")
    assert data.class_names == ("0", "1", "2")


@pytest.mark.parametrize("silo", ["clinic", "image"])
def test_a_silo_that_is_no_column_of_names_is_refused(tmp_path, silo):
    with pytest.raises(DataError, match=f"silo = '{silo}' is no silo column; found: label, site"):
        decode(write_tables(tmp_path, sited()), silo=silo)
