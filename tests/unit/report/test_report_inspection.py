"""What inspect shows of many silos and classes, on narrow and wide terminals."""

import io

import pytest
from rich.console import Console

from fedcompare.data.inspection.found import Inspection, SiloExamples
from fedcompare.report.inspection import headline, sentences, sheets, silos_sheet
from fedcompare.report.terminal import to_terminal
from fedcompare.statistics.skew import Distance, Measure, MeasuredSkew


def inspection(silos: int, classes: int, **changes) -> Inspection:
    names = tuple(f"class {index}" for index in range(classes))
    counts = (6, 0, *(1 for _ in names[2:]))
    distances = tuple(
        Distance(
            subject="label",
            measure=Measure.JENSEN_SHANNON,
            silo=silo,
            value=0.4,
            is_chance=silo % 2 == 0,
        )
        for silo in range(1, silos + 1)
    )
    fields = {
        "place": "data.csv",
        "noun": "row",
        "examples": 99,
        "train": 80,
        "test": 19,
        "form": "4 inputs from 5 columns",
        "classes": names,
        "silos": tuple(
            SiloExamples(
                name=f"[red]|<b>Hospital</b> $number$ {silo}", train=5, test=1, by_class=counts
            )
            for silo in range(1, silos + 1)
        ),
        "has_silos": True,
        "skew": MeasuredSkew(labels=distances),
        "columns": (),
        "notes": ("A note.",),
        "command": "fedcompare compare",
    }
    return Inspection(**fields | changes)


def lines(found: Inspection, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    for sheet in sheets(found):
        console.print(to_terminal(sheet))
    return console.file.getvalue().splitlines()


def test_many_classes_are_counted_and_the_commonest_named():
    sheet = silos_sheet(inspection(3, 100))
    assert sheet.columns[-2:] == ("classes", "commonest")
    assert sheet.rows[0][-2].text == "99 of 100"
    assert sheet.rows[0][-1].text == "class 0 (6 %), class 2 (1 %), class 3 (1 %)"


def test_few_classes_have_a_column_each():
    assert silos_sheet(inspection(3, 4)).columns[-4:] == inspection(3, 4).classes


@pytest.mark.parametrize("width", [80, 200])
@pytest.mark.parametrize(("silos", "classes"), [(3, 2), (60, 100), (5000, 12)])
def test_tables_fit_a_terminal_and_have_few_lines(width, silos, classes):
    found = lines(inspection(silos, classes), width)
    assert max(map(len, found)) <= width
    assert len(found) < 20 + 6 * min(silos, 100)
    assert sum("[red]|<b>Hospital</b>" in line for line in found) >= min(silos, 100)


def test_silos_that_are_left_out_of_a_table_are_told():
    assert silos_sheet(inspection(150, 2)).caption.endswith("; the first 100 of 150")
    assert "the first" not in silos_sheet(inspection(100, 2)).caption


def test_a_silo_without_a_distance_has_a_dash():
    found = inspection(3, 2)
    other = inspection(3, 2, skew=MeasuredSkew(labels=found.skew.labels[:2]))
    assert [row[4].line for row in silos_sheet(other).rows] == ["0.40", "0.40 (chance)", "–"]


def test_sentences_say_how_much_silos_differ_and_then_all_notes():
    first, second, *rest = sentences(inspection(3, 2))
    assert first.startswith("Silos are of similar sizes")
    assert second.startswith("Labels differ strongly")
    assert rest == ["A note."]
    assert list(sentences(inspection(1, 2, has_silos=False))) == ["A note."]


def test_the_headline_counts_examples_and_classes():
    assert headline(inspection(3, 2)) == (
        "data.csv: 99 rows, 80 to train on, 19 held out; 4 inputs from 5 columns; 2 classes"
    )
