import io

import pytest

from fedcompare.cli import progress
from fedcompare.cli.console import Screen
from fedcompare.regimes.records import EpochRecord, ServerRecord


@pytest.fixture
def terminal(monkeypatch):
    """What a terminal of 24 lines gets."""
    file = io.StringIO()
    screen = Screen(file=file, force_terminal=True, width=80, height=24)
    monkeypatch.setattr(progress, "stderr", lambda: screen)
    return file


@pytest.mark.parametrize(("silos", "bars"), [(3, 3), (20, 20), (21, 1), (60, 1)])
def test_there_is_a_bar_per_silo_while_they_fit(terminal, silos, bars):
    with progress.SiloProgress(silos, 10, "epochs") as shown:
        for silo in range(1, silos + 1):
            shown.advance(silo, 10, "loss [/x]")
        shown.say("[bold]said\x1b[31m")
    text = terminal.getvalue()
    assert "[bold]said\\x1b[31m" in text
    assert "loss [/x]" in text
    named = ["silo 1 ", f"silo {silos} "] if bars > 1 else [f"{silos} silos ", f"{10 * silos}/"]
    assert all(name in text for name in named)
    assert ("silo 1 " in text) is (bars > 1)


def epoch(silo, number):
    return EpochRecord(silo=silo, round=1, epoch=number, loss=0.25)


def evaluation(number, *, evaluated_on="all"):
    return ServerRecord(
        round=number, evaluated_on=evaluated_on, accuracy=0.5, loss=1.0, num_examples=4
    )


@pytest.mark.parametrize("verbose", [False, True])
def test_isolated_training_moves_its_silos_bars(terminal, tiny, verbose):
    with progress.EpochBars(tiny(), verbose=verbose) as bars:
        listener = bars.listener()
        listener.on_note("data: odd")
        for silo in (1, 2, 3):
            for number in (1, 2):
                listener.on_record(epoch(silo, number))
    text = terminal.getvalue()
    assert "data: odd" in text
    assert text.count("2/2") >= 3
    assert "loss 0.2500" in text
    assert ("silo 3 epoch 2: loss 0.2500" in text) is verbose


def test_bars_are_called_as_the_data_call_the_silos(terminal, tiny):
    with progress.EpochBars(tiny(), verbose=True) as bars:
        listener = bars.listener()
        listener.on_silos(["Torgersen", "site [b]7", "東京"])
        listener.on_record(epoch(3, 1))
    text = terminal.getvalue()
    assert "東京 epoch 1: loss" in text
    assert all(name in text for name in ("Torgersen", "site [b]7"))
    assert "silo 2" not in text.rpartition("Torgersen")[2]


def test_a_federation_says_each_rounds_accuracy_on_all_classes(terminal, tiny):
    with progress.RoundBars(tiny()) as bars:
        listener = bars.listener()
        for number in (0, 1, 2):
            listener.on_record(evaluation(number))
            listener.on_record(evaluation(number, evaluated_on="1,3,7"))
        listener.on_record(epoch(1, 1))  # which has no bar
    said = [line for line in terminal.getvalue().splitlines() if "of all classes" in line]
    assert len(said) == 3
    assert "round 2/2: 50.00 % of all classes" in said[-1]


def test_a_comparison_has_one_bar_over_all_steps(terminal, tmp_path):
    with progress.OverallProgress() as bar:
        listener = bar.listener()
        listener.on_start(40)
        for _ in range(4):
            listener.on_steps(10)
        listener.on_part(tmp_path / "seed-5/isolated")
    text = terminal.getvalue()
    assert "100%" in text
    assert "made: " in text
    assert "seed-5/isolated" in text.replace("\n", "")
