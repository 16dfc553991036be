import pytest

from fedcompare.data.decoding.labels import encode_labels
from fedcompare.errors import DataError


def encode(train, test, names=None):
    labels, classes, notes = encode_labels([("train", train), ("test", test)], names=names)
    return [split.tolist() for split in labels], classes, notes


def test_named_classes_with_examples_keep_their_numbers():
    assert encode([0, 1, 2] * 3, [2, 1, 0], ["cat", "dog", "eel"]) == (
        [[0, 1, 2] * 3, [2, 1, 0]],
        ("cat", "dog", "eel"),
        [],
    )


def test_a_class_without_any_example_is_none_and_it_is_said():
    labels, classes, notes = encode([1, 3] * 2, [3, 1], ["unknown", "cat", "bat", "dog"])
    assert (labels, classes) == ([[0, 1, 0, 1], [1, 0]], ("cat", "dog"))
    assert notes == ["Classes without any example are left out: unknown, bat."]


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        ([1, 2, 10], ("1", "2", "10")),
        (["b", "a", "10"], ("10", "a", "b")),
        ([False, True, True], ("False", "True")),
        ([0, 5, 300], ("0", "5", "300")),
    ],
)
def test_labels_without_names_are_their_own_names(values, classes):
    labels, found, notes = encode(values * 2, values)
    assert (found, notes) == (classes, [])
    assert [found[label] for label in labels[1]] == list(map(str, values))


def test_a_class_in_one_split_alone_stays_and_it_is_said():
    _, classes, notes = encode([0, 0, 0, 1, 0], [1, 2], ["cat", "dog", "eel"])
    assert classes == ("cat", "dog", "eel")
    assert "Split 'train' has no example of eel." in notes
    assert "Split 'test' has no example of cat." in notes


@pytest.mark.parametrize("missing", [None, -1, ""])
@pytest.mark.parametrize("split", ["train", "test"])
def test_missing_labels_are_counted_by_split(missing, split):
    good = ["a", "b"] if missing == "" else [0, 1]
    bad = [*good, missing, missing]
    with pytest.raises(DataError, match=f"split '{split}': 2 of 4 examples have no label"):
        encode(*((bad, good) if split == "train" else (good, bad)))


def test_a_label_that_no_name_belongs_to_is_refused():
    with pytest.raises(
        DataError, match=r"split 'test': 1 of 2 .* such as 2; the classes are 0 to 1"
    ):
        encode([0, 1], [0, 2], ["cat", "dog"])


def test_one_class_alone_is_refused():
    with pytest.raises(DataError, match="all examples are of one class, cat"):
        encode([0, 0], [0], ["cat", "dog"])


@pytest.mark.parametrize(("train", "test"), [([], [1]), ([0, 1], [])])
def test_a_split_without_examples_is_refused(train, test):
    with pytest.raises(DataError, match="has no examples"):
        encode(train, test)


def test_labels_that_look_like_identifiers_are_suspicious():
    _, _, notes = encode([f"patient {n}" for n in range(9)], ["patient 1"])
    assert "There are 9 classes for 9 training examples: are these labels?" in notes


def test_many_names_are_cut_short():
    _, _, (note,) = encode([0, 1] * 3, [0, 1], [f"class {n}" for n in range(50)])
    assert note.endswith("class 11 and 38 more.")
