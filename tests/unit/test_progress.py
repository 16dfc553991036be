import io

import pytest

from fedcompare.cli import progress
from fedcompare.cli.console import Screen


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
