"""What commands print of a comparison: of few silos each one's verdict, of many the sure ones."""

from fedcompare.cli.showing import print_findings
from made_up_findings import findings, many


def test_of_few_silos_every_verdict_is_printed(capsys):
    print_findings(findings())
    out = " ".join(capsys.readouterr().out.split())
    assert out.count("Advice: join") == 3
    assert "Who surely gains or loses" not in out


def test_of_many_silos_the_sure_ones_are_named_and_all_silos_come_first(capsys):
    print_findings(many(100))
    printed = capsys.readouterr().out
    out = " ".join(printed.split())
    assert "Advice" not in out
    assert len(printed.splitlines()) < 70
    together, sure = out.index("All silos together"), out.index("Who surely gains or loses")
    assert together < sure
    assert "gains on own cases (" in out
    assert "Every silo's verdict is in the report" in out
