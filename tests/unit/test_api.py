"""What programs call: the same as the commands do, without a word."""

import shutil
from pathlib import Path

import pytest

from fedcompare import api
from fedcompare.errors import ConfigError, ResultsError
from fedcompare.federated import session
from fedcompare.regimes.catalog import Regime
from fedcompare.regimes.listener import Listener
from fedcompare.regimes.records import Phase, RoundRecord, ServerRecord
from support import hire_inline

# They hold times, or digests of what does.
TIMED = {"run.json", "rounds.csv", "report.html", "report.json", "report.md", "budgets.csv"}


def files(folder):
    """Return all files below a folder but those that tell of time, and their bytes."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.name not in TIMED)
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


@pytest.fixture(autouse=True)
def nothing_is_printed(capsys):
    """Fail where a test leaves something on the screen; what `cli` prints, it takes away."""
    yield
    assert capsys.readouterr() == ("", "")


@pytest.fixture
def both(cli, tiny_toml, tmp_path):
    """Return `both("isolated", ...)`: a command's outcome, and the folder of its results."""

    def call(*arguments):
        results = tmp_path / "by-command"
        outcome = cli(*arguments, "--config", tiny_toml, "--results", results)
        assert outcome.code == 0, outcome.err
        return outcome, results

    return call


# A configuration.


def test_without_keys_there_are_the_defaults():
    assert api.configure().name == "mnist"


def test_keys_win_over_the_file_and_the_file_over_the_defaults(tiny, tiny_toml):
    config = api.configure({"num-server-rounds": 7}, file=tiny_toml)
    assert config == tiny(num_server_rounds=7)


def test_all_problems_are_listed_at_once(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text("batch-size = 0\nmomentum = 2\n")
    keys = {"learning-rat": 1, "seed": "one", "num-silos": 2, "momentum": 0.5}
    with pytest.raises(ConfigError) as error:
        api.configure(keys, file=file)
    found = error.value.problems
    assert len(found) == 4
    for key in ("learning-rat", "seed", "num-silos", "mine.toml: batch-size"):
        assert sum(problem.startswith(f"{key}: ") for problem in found) == 1, key


def test_data_are_found_from_any_folder_later(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    config = api.configure({"dataset": "idx:data"})
    assert config.data.dataset == f"idx:{tmp_path / 'data'}"


# What the commands do.


def test_partition_does_what_the_command_does(both, tiny, tmp_path):
    _, results = both("partition")
    found = api.partition(tiny(), tmp_path / "ours")
    assert files(tmp_path / "ours") == files(results)
    assert found.folder == tmp_path / "ours/tiny/seed-5/partition"
    assert len(found.silos) == 3


@pytest.mark.parametrize("regime", [Regime.ISOLATED, Regime.FEDERATED])
def test_train_does_what_the_command_does(both, tiny, tmp_path, inline, regime):
    _, results = both(regime)
    found = api.train(tiny(), regime, tmp_path / "ours")
    assert files(tmp_path / "ours") == files(results)
    assert found.folder == tmp_path / "ours/tiny/seed-5" / regime
    trained = {(r.round, r.silo) for r in found.reports if r.phase is Phase.TRAIN}
    rounds = (1, 2) if regime is Regime.FEDERATED else (1,)
    assert trained == {(number, silo) for number in rounds for silo in (1, 2, 3)}
    assert bool(found.server) == (regime is Regime.FEDERATED)
    assert found.removed == ()


@pytest.mark.parametrize("regime", [Regime.ISOLATED_EQUAL, Regime.CENTRALIZED])
def test_other_regimes_can_be_trained_by_themselves(tiny, tmp_path, regime):
    found = api.train(tiny(), regime, tmp_path)
    assert (found.folder / "run.json").is_file()


def test_a_finished_part_needs_force_and_what_it_outdates_is_named(tiny, results):
    with pytest.raises(ResultsError, match="is finished"):
        api.train(tiny(), Regime.ISOLATED, results)
    first = files(results / "tiny/seed-5/isolated")
    api.train(tiny(), Regime.ISOLATED, results, force=True)
    assert files(results / "tiny/seed-5/isolated") == first
    found = api.train(tiny(learning_rate=0.2), Regime.ISOLATED, results, force=True)
    assert [path.name for path in found.removed] == [Regime.FEDERATED]
    assert files(results / "tiny/seed-5/isolated") != first


def test_a_listener_is_told_every_row_and_the_part(tiny, tmp_path, inline):
    told, made = [], []
    listener = Listener(on_record=told.append, on_part=made.append)
    found = api.train(tiny(), Regime.FEDERATED, tmp_path, listener=listener)
    assert [row for row in told if isinstance(row, ServerRecord)] == list(found.server)
    rows = [row for row in told if isinstance(row, RoundRecord)]
    assert sorted(rows, key=lambda r: (r.round, r.phase != Phase.TRAIN, r.silo)) == list(
        found.reports
    )
    assert made == [found.folder]


def test_evaluate_does_what_the_command_does(both, tiny, trained, tmp_path):
    shutil.copytree(trained, tmp_path / "by-command")
    ours = Path(shutil.copytree(trained, tmp_path / "ours"))
    both("evaluate", "--subsets", "--subset", "1,0")
    found = api.evaluate(tiny(), ours, lacking=True, subsets=[("1", "0")])
    assert files(ours) == files(tmp_path / "by-command")
    assert found.folder == ours / "tiny/seed-5/evaluation"
    assert {score.test_set.key for score in found.evaluation.scores} >= {"all", "1,3,7", "0,1"}


@pytest.fixture(scope="module")
def compared(tiny, tmp_path_factory):
    """A comparison of two seeds; copy it, don't change it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fedcompare.execution.campaign.hire_session", hire_inline)
        return api.compare(tiny(num_seeds=2), tmp_path_factory.mktemp("ours"))


@pytest.fixture
def run(compared, tmp_path):
    """The same in a folder of this test's own."""
    return Path(shutil.copytree(compared.folder.parent, tmp_path / "copy" / "tiny"))


def test_compare_does_what_the_command_does(both, compared, inline):
    _, results = both("compare", "--seeds", 2)
    assert files(compared.folder.parent) == files(results / "tiny")
    assert [verdict.silo for verdict in compared.findings.verdicts] == [1, 2, 3]


def test_compare_needs_two_seeds(tiny, tmp_path):
    with pytest.raises(ConfigError, match="num-seeds: 1 is too few"):
        api.compare(tiny(num_seeds=1), tmp_path)


def test_report_writes_the_same_again(compared, run):
    folder = run / "comparison"
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    (folder / "report.html").unlink()
    found = api.report(run)
    assert found.folder == folder
    assert found.findings == compared.findings
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert after == before


def test_verify_finds_what_the_command_finds(cli, compared):
    run = compared.folder.parent
    said = cli("verify", run).out.splitlines()
    checks = list(api.verify(run))
    assert all(check.ok for check in checks)
    assert list(map(str, checks)) == said


def test_diff_finds_what_the_command_finds(cli, compared, run):
    (run / "seed-5/predictions/federated.safetensors").unlink()
    said = " ".join(cli("diff", compared.folder.parent, run).out.split())
    found = api.diff(compared.folder.parent, run)
    (note,) = found.notes
    for text in (note, *(table.caption for table in found.tables)):
        assert " ".join(text.split()) in said


def test_doctor_finds_what_the_command_finds(cli, tmp_path, monkeypatch):
    monkeypatch.setattr(session, "try_ray", lambda: None)
    said = cli("doctor", "--results", tmp_path).out
    assert [str(check) for check in api.doctor(tmp_path)] == said.splitlines()


def test_all_unknown_names_are_told_at_once(tiny, tmp_path):
    config = tiny(model="magic", strategy="fedmagic", engine="steam")
    with pytest.raises(ConfigError) as error:
        api.train(config, Regime.ISOLATED, tmp_path)
    assert [problem.partition(":")[0] for problem in error.value.problems] == [
        "model",
        "strategy",
        "engine",
    ]


@pytest.mark.parametrize("regime", [Regime.FINE_TUNED, Regime.ENSEMBLE])
def test_a_regime_that_is_made_of_anothers_models_is_not_trained_by_itself(tiny, tmp_path, regime):
    with pytest.raises(ValueError, match="use compare"):
        api.train(tiny(), regime, tmp_path, force=True)
    assert list(tmp_path.iterdir()) == []
