import json
import shutil

import pytest
from safetensors.torch import load_file

from fedcompare.config.parsing import parse_config, read_settings
from fedcompare.data.silos import load_silos
from fedcompare.errors import ResultsError, StorageError
from fedcompare.regimes.catalog import Regime
from fedcompare.runs.directory import RunDirectory
from fedcompare.runs.reuse import check_free, discard_stale, read_comparable


@pytest.fixture
def run(results, tiny):
    """A run directory in which both regimes are finished."""
    return RunDirectory(results, tiny())


def free(run, regime, *, force):
    return check_free(run, regime, load_silos(run.config).origin, force=force)


def comparable(run, regime):
    return read_comparable(run, regime, load_silos(run.config).origin)


def snapshot(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_a_part_appears_only_when_it_is_complete(tmp_path, tiny):
    run = RunDirectory(tmp_path, tiny())
    with run.writing("part") as folder:
        (folder / "file").write_text("new")
        assert not (run.path / "part").exists()
    assert snapshot(run.path) == {"part/file": b"new"}


def test_a_part_is_replaced_whole(tmp_path, tiny):
    run = RunDirectory(tmp_path, tiny())
    for name in ("old", "new"):
        with run.writing("part") as folder:
            (folder / name).write_text(name)
    assert snapshot(run.path) == {"part/new": b"new"}


def fail_halfway(run, error):
    with run.writing("isolated") as folder:
        (folder / "run.json").write_text("half")
        raise error


def test_a_failed_part_leaves_the_old_one_and_nothing_else(run):
    before = snapshot(run.path)
    with pytest.raises(ZeroDivisionError):
        fail_halfway(run, ZeroDivisionError())
    assert snapshot(run.path) == before
    assert sorted(path.name for path in run.path.iterdir()) == ["federated", "isolated"]


def test_an_interrupted_part_leaves_the_old_one(run):
    before = snapshot(run.path)
    with pytest.raises(KeyboardInterrupt):
        fail_halfway(run, KeyboardInterrupt())
    assert snapshot(run.path) == before


def test_a_full_disk_is_a_storage_error(run):
    before = snapshot(run.path)
    with pytest.raises(StorageError, match="No space left on device"):
        fail_halfway(run, OSError(28, "No space left on device"))
    assert snapshot(run.path) == before


def test_a_finished_part_is_not_overwritten(run):
    for regime in (Regime.ISOLATED, Regime.FEDERATED):
        with pytest.raises(ResultsError, match=f"{regime} is finished; add --force"):
            free(run, regime, force=False)


def test_force_may_replace_a_finished_part(run):
    assert free(run, Regime.ISOLATED, force=True) == []


def test_another_configuration_is_named_key_by_key(results, tiny):
    other = RunDirectory(results, tiny(learning_rate=0.5, hidden_units=8))
    shutil.rmtree(other.regime_path(Regime.ISOLATED))
    with pytest.raises(ResultsError) as error:
        free(other, Regime.ISOLATED, force=False)
    assert "learning-rate = 0.1, now 0.5" in str(error.value)
    assert "hidden-units = 16, now 8" in str(error.value)
    assert free(other, Regime.ISOLATED, force=True) == [Regime.FEDERATED]


def test_budgets_may_differ_between_the_regimes(results, tiny):
    other = RunDirectory(results, tiny(isolated_epochs=9, num_cpus=1))
    shutil.rmtree(other.regime_path(Regime.ISOLATED))
    assert free(other, Regime.ISOLATED, force=False) == []


def test_stale_parts_are_discarded(run):
    with run.writing("evaluation") as folder:
        (folder / "accuracy.csv").write_text("")
    discard_stale(run, [])
    assert sorted(path.name for path in run.path.iterdir()) == ["federated", "isolated"]
    discard_stale(run, [Regime.FEDERATED])
    assert sorted(path.name for path in run.path.iterdir()) == ["isolated"]


@pytest.mark.parametrize("below", ["file/results", "file"])
def test_a_folder_that_cannot_be_written_is_named(tmp_path, tiny, below):
    (tmp_path / "file").write_text("")
    run = RunDirectory(tmp_path / below, tiny())
    with pytest.raises(StorageError, match=r"cannot write .*file.*--results"):
        free(run, Regime.ISOLATED, force=False)
    with pytest.raises(StorageError), run.writing("isolated"):
        pass


def test_what_a_part_says_of_itself_is_read_back(run, tiny):
    manifest = run.read_manifest(Regime.ISOLATED)
    took = manifest.training
    assert len(took.label_counts) == len(took.local_steps) == len(manifest.weights) == 3
    for file in manifest.weights:
        assert load_file(run.regime_path(Regime.ISOLATED) / file)
    assert manifest.inputs.origin == run.read_manifest(Regime.FEDERATED).inputs.origin
    config = run.regime_path(Regime.ISOLATED) / "config.toml"
    assert parse_config(read_settings(config)) == tiny()


def test_versions_are_written_beside_every_result(run):
    for regime in (Regime.ISOLATED, Regime.FEDERATED):
        found = json.loads((run.regime_path(regime) / "environment.json").read_text())
        assert found.keys() >= {"fedcompare", "flwr", "torch", "ray", "python", "cpus"}


def test_a_missing_part_names_the_command_that_makes_it(tmp_path, tiny):
    with pytest.raises(ResultsError, match=r"has no federated model.*fedcompare federated"):
        RunDirectory(tmp_path, tiny()).read_manifest(Regime.FEDERATED)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"regime": "other"}', "\0"])
def test_a_damaged_manifest_is_named(run, content):
    path = run.regime_path(Regime.ISOLATED) / "run.json"
    path.write_text(content)
    with pytest.raises(ResultsError, match=r"run\.json is damaged .*--force"):
        run.read_manifest(Regime.ISOLATED)


@pytest.mark.parametrize("content", [None, b"seed = ", b"\xff"])
def test_a_damaged_config_is_named(run, content):
    path = run.regime_path(Regime.FEDERATED) / "config.toml"
    path.write_bytes(content) if content is not None else path.unlink()
    shutil.rmtree(run.regime_path(Regime.ISOLATED))
    with pytest.raises(ResultsError, match=r"federated cannot be used: .*config\.toml.*--force"):
        free(run, Regime.ISOLATED, force=False)


def test_a_damaged_part_can_be_made_again(run):
    (run.regime_path(Regime.ISOLATED) / "config.toml").unlink()
    assert free(run, Regime.ISOLATED, force=True) == []


def test_two_damaged_parts_can_be_made_again(run):
    for regime in (Regime.ISOLATED, Regime.FEDERATED):
        (run.regime_path(regime) / "config.toml").write_text("seed = ")
    assert free(run, Regime.ISOLATED, force=True) == [Regime.FEDERATED]


def test_a_check_leaves_nothing_behind(tmp_path, tiny):
    free(RunDirectory(tmp_path / "results", tiny()), Regime.ISOLATED, force=False)
    assert list(tmp_path.iterdir()) == []


def test_seeds_and_names_have_directories_of_their_own(tmp_path, tiny):
    paths = {RunDirectory(tmp_path, tiny(**c)).path for c in ({}, {"seed": 6}, {"name": "b"})}
    assert len(paths) == 3
