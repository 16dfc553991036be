"""What a part was made from decides whether it is used again: every key, file and version."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from fedcompare.comparison.verify_parts import PartCheck
from fedcompare.config.groups import KEYS, DataConfig, ExperimentConfig, Scope
from fedcompare.data.silos import load_silos
from fedcompare.errors import DataError, FedcompareError, ResultsError
from fedcompare.execution.plan import training_stage
from fedcompare.machine import environment
from fedcompare.regimes.catalog import Regime
from fedcompare.runs.directory import PREDICTIONS, RunDirectory
from fedcompare.runs.inputs import differences, wanted_inputs
from fedcompare.runs.manifest import read_manifest
from fedcompare.runs.reuse import check_free, discard_stale
from support import do, make_unfinished, stage_of, stages_of, write_idx

BUDGET = {Regime.ISOLATED_EQUAL, Regime.FEDERATED, Regime.CENTRALIZED}
EVERYTHING = {*BUDGET, Regime.ISOLATED, Regime.FINE_TUNED, PREDICTIONS}
# Per key: another value, and the parts that it must not leave as they are.
CHANGES = {
    "name": ("other", set()),
    "seed": (6, EVERYTHING),
    "dataset": ("other data", EVERYTHING),
    "task": ("multi-class", set()),
    "image-size": (4, EVERYTHING),
    "num-silos": (2, EVERYTHING),
    "partition": ("iid", EVERYTHING),
    "excluded-classes": ("1 2 3", EVERYTHING),
    "transforms": ("; blur(deviation=1); ", EVERYTHING),
    "model": ("other", EVERYTHING),
    "hidden-units": (8, EVERYTHING),
    "learning-rate": (0.2, EVERYTHING),
    "momentum": (0.5, EVERYTHING),
    "l2-penalty": (1.0, EVERYTHING),
    "batch-size": (8, EVERYTHING),
    "threads-per-silo": (2, EVERYTHING),
    "device": ("cuda", EVERYTHING),
    "isolated-epochs": (3, {Regime.ISOLATED}),
    "num-server-rounds": (3, BUDGET),
    "local-epochs": (2, BUDGET),
    "strategy": ("fedprox", {Regime.FEDERATED}),
    "fraction-evaluate": (0.5, {Regime.FEDERATED}),
    "fine-tune-epochs": (2, {Regime.FINE_TUNED}),
    "num-seeds": (2, set()),
    "measure": ("AUROC", set()),
    "margin": (1.0, set()),
    "correct": ("bh", set()),
    "folds": (1, set()),
    "engine": ("in-process", set()),
    "num-cpus": (1, set()),
    "connect-timeout": (9.0, set()),
    "round-timeout": (9.0, set()),
}
# IDX files have no columns, configurations and named splits: another value is refused.
REFUSED = DataConfig().model_dump(by_alias=True).keys() - {"dataset", "image-size", "task"}


@pytest.fixture(scope="module")
def config(tiny):
    return tiny()


@pytest.fixture(scope="module")
def trained(tmp_path_factory, config):
    """The results of all stages of one seed; copy them, don't change them."""
    results = tmp_path_factory.mktemp("trained")
    make_unfinished(stages_of(config, results))
    return results


@pytest.fixture
def run(results, config):
    return RunDirectory(results, config)


@pytest.fixture(scope="module")
def changed(tiny, tmp_path_factory):
    """Return `changed(key)`: the experiment with another value of one key."""
    elsewhere = write_idx(tmp_path_factory.mktemp("other") / "idx", train=290)

    def change(key):
        value = f"idx:{elsewhere}" if key == "dataset" else CHANGES[key][0]
        also = {"excluded_classes": "1 2"} if key == "num-silos" else {}
        return tiny(**{key.replace("-", "_"): value} | also)

    return change


def test_every_key_is_walked():
    assert sorted([*CHANGES, *REFUSED]) == sorted(KEYS)


@pytest.mark.parametrize("key", sorted(REFUSED))
def test_a_key_that_these_data_do_not_have_is_refused(tiny, key):
    values = {"test-fraction": 0.3, "held-out": "fold(number=1, folds=2, seed=3)"}
    value = values.get(key, "other")
    with pytest.raises(DataError, match=f"^{key} = '?{re.escape(str(value))}'? has no effect"):
        load_silos(tiny(**{key.replace("-", "_"): value}))


@pytest.mark.parametrize("key", CHANGES)
def test_a_part_is_used_again_only_where_the_key_cannot_change_it(trained, config, changed, key):
    now = changed(key)
    for stage in stages_of(now, trained):
        folder = RunDirectory(trained, config).path / stage.part
        stored = read_manifest(folder).inputs
        wanted = wanted_inputs(now, load_silos(now).origin, stage.regime)
        same = (
            not list(differences(stored, wanted))
            and stored.origin == wanted.origin
            and stored.software == wanted.software
        )
        assert same == (stage.part not in CHANGES[key][1]), stage.part


@pytest.mark.parametrize("key", [key for key, (_, parts) in CHANGES.items() if parts])
def test_a_key_that_counts_is_named_and_the_part_refused(trained, changed, key, config, tmp_path):
    now = changed(key)
    if key == "seed":  # another seed lies elsewhere: put it in the other's place
        run = RunDirectory(tmp_path, now)
        shutil.copytree(RunDirectory(trained, config).path, run.path)
    results = tmp_path if key == "seed" else trained
    refused = {}
    for stage in stages_of(now, results):
        try:
            stage.is_finished()
        except ResultsError as error:
            refused[stage.part] = str(error)
    assert refused.keys() == CHANGES[key][1]
    assert all(f"{key} = " in message for message in refused.values())


def losses_and_weights(config, regime):
    """Return what training one regime gives."""
    stage = training_stage(RunDirectory(Path("nowhere"), config), regime)
    every = [do(job) for job in stage.jobs()]
    return [([one.weights for one in done.rounds], done.epochs, done.server) for done in every]


@pytest.mark.parametrize("regime", [Regime.ISOLATED, Regime.ISOLATED_EQUAL, Regime.FEDERATED])
def test_a_key_that_does_not_count_changes_no_byte(config, changed, regime):
    expected = losses_and_weights(config, regime)
    for key, (_, parts) in CHANGES.items():
        if regime not in parts:
            assert losses_and_weights(changed(key), regime) == expected, key


def test_a_group_of_keys_counts_everywhere_unless_it_says_otherwise():
    groups = [type(getattr(ExperimentConfig(), name)) for name in ("model", "train")]
    for group in groups:
        assert group.scope is Scope.EVERYTHING
        assert "scope" not in vars(group)


def test_a_key_that_did_not_exist_then_had_its_default(config):
    wanted = wanted_inputs(config, load_silos(config).origin)
    settings = {key: value for key, value in wanted.settings.items() if key != "momentum"}
    before = replace(wanted, settings=settings)
    assert list(differences(before, wanted)) == []
    other = replace(wanted, settings={**settings, "momentum": 0.5})
    assert list(differences(before, other)) == ["momentum = 0.9, now 0.5"]


def test_a_key_that_is_unknown_now_is_a_difference(config):
    wanted = wanted_inputs(config, load_silos(config).origin)
    newer = replace(wanted, settings={**wanted.settings, "noise": 0.5})
    assert list(differences(newer, wanted)) == ["noise = 0.5, now of no effect"]


@pytest.mark.parametrize(("package", "parts"), [("torch", EVERYTHING), ("flwr", {"federated"})])
def test_parts_made_with_other_versions_are_refused(trained, config, monkeypatch, package, parts):
    installed = environment.versions()
    monkeypatch.setattr(environment, "versions", lambda packages: {**installed, package: "99"})
    for stage in stages_of(config, trained):
        if stage.part in parts:
            with pytest.raises(ResultsError, match=f"{package} {installed[package]}, now 99"):
                stage.is_finished()
        else:
            assert stage.is_finished()


# What a part was made from may be made anew.


def federate(results, config, seed):
    """Make the federation again, as another seed would."""
    stage, other = (
        stage_of(own, results, Regime.FEDERATED) for own in (config, config.with_seed(seed))
    )
    stage.finish(list(map(do, other.jobs())))


def test_fine_tuned_models_are_not_finished_once_the_federated_one_is_another(results, config):
    stage = stage_of(config, results, Regime.FINE_TUNED)
    federate(results, config, config.seed)
    assert stage.is_finished()
    federate(results, config, 99)
    assert not stage.is_finished()


def test_what_was_made_from_a_replaced_part_is_removed(run, results, config):
    assert discard_stale(run, []) == []
    federate(results, config, 99)
    removed = {path.name for path in discard_stale(run, [])}
    assert removed == {Regime.FINE_TUNED, PREDICTIONS}


def test_altered_federated_weights_are_not_fine_tuned(run, results, config):
    path = run.regime_path(Regime.FEDERATED) / "weights/global.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(FedcompareError, match=r"global\.safetensors was altered"):
        stage_of(config, results, Regime.FINE_TUNED).jobs()


# One manifest protects every file of a part, and itself.


def leaves(content, path=()):
    items = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in items:
        if isinstance(value, dict | list):
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key), value


def test_every_value_of_a_manifest_is_protected(run):
    for part in run.parts():
        path = run.path / part / "run.json"
        text = path.read_text()
        for place, value in leaves(json.loads(text)):
            content = json.loads(text)
            *way, last = place
            inner = content
            for step in way:
                inner = inner[step]
            inner[last] = f"{value}x" if isinstance(value, str) else 7.5
            path.write_text(json.dumps(content))
            with pytest.raises(ResultsError, match=r"run\.json|older|newer"):
                read_manifest(path.parent)
        path.write_text(text)
        read_manifest(path.parent)


def test_every_file_of_every_part_is_protected(run):
    check = PartCheck(run=run, silos=None).check
    for part in run.parts():
        assert check(part).ok, part
        for file in sorted((run.path / part).rglob("*")):
            if file.is_dir() or (part == PREDICTIONS and file.suffix == ".safetensors"):
                continue
            content = file.read_bytes()
            for damaged in (content[:-1], content + b" ", b"", content[:-2] + b"x" + content[-1:]):
                file.write_bytes(damaged)
                if file.name == "run.json" and damaged.strip() == content.strip():
                    continue  # the same JSON
                assert not check(part).ok, file
            file.write_bytes(content)


def test_a_part_in_another_parts_place_is_refused(run):
    shutil.rmtree(run.path / Regime.ISOLATED)
    shutil.copytree(run.path / Regime.ISOLATED_EQUAL, run.path / Regime.ISOLATED)
    with pytest.raises(ResultsError, match="is that of isolated-equal, which was moved"):
        run.read_manifest(Regime.ISOLATED)


def test_results_of_an_older_version_are_named(run):
    path = run.path / Regime.ISOLATED / "run.json"
    path.write_text(json.dumps({"regime": "isolated", "data_fingerprint": "", "weights": {}}))
    with pytest.raises(ResultsError, match="was made by an older fedcompare; make it again"):
        run.read_manifest(Regime.ISOLATED)


def test_a_users_own_folder_is_no_part(run, config):
    (run.path / "notes").mkdir()
    (run.path / "notes" / "config.toml").write_text("mine")
    shutil.rmtree(run.path / Regime.ISOLATED)
    assert check_free(run, Regime.ISOLATED, load_silos(config).origin, force=False) == []
    discard_stale(run, [])
    assert (run.path / "notes" / "config.toml").read_text() == "mine"
