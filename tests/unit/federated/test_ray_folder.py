"""Where Ray's files go: a short name, nobody else's eyes, and nothing left of the dead."""

import os
import tempfile
from pathlib import Path

import pytest

from fedcompare.errors import StorageError
from fedcompare.federated import folder
from fedcompare.federated.folder import LONGEST_PLACE, LONGEST_SOCKET, private_folder, ray_folder

SOCKET = "session_2026-12-31_23-59-59_999999_4194304/sockets/plasma_store"


@pytest.fixture
def temporary(monkeypatch):
    """A short temporary folder of this test's own, and no other place."""
    with tempfile.TemporaryDirectory(prefix="t", dir="/tmp") as name:
        monkeypatch.setattr(tempfile, "tempdir", name)
        yield Path(name)


def long_folder(tmp_path):
    return tmp_path / ("long" * 30)


def test_it_is_in_the_temporary_folder_and_only_its_owner_can_enter(temporary):
    private, _ = private_folder()
    assert private.parent == temporary
    assert private.stat().st_mode & 0o777 == 0o700
    assert ray_folder(private).parent == private


@pytest.mark.parametrize("length", [LONGEST_PLACE - 1, LONGEST_PLACE, LONGEST_PLACE + 1, 90])
def test_rays_sockets_have_names_that_the_system_takes(monkeypatch, length):
    with tempfile.TemporaryDirectory(prefix="t", dir="/tmp") as name:
        place = Path(name, "x" * (length - len(name) - 1))
        place.mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(place))
        monkeypatch.setenv("XDG_RUNTIME_DIR", name)
        private, _ = private_folder()
        assert len(os.fsencode(ray_folder(private) / SOCKET)) <= LONGEST_SOCKET
        assert private.parent == (place if length <= LONGEST_PLACE else Path(name))
        assert private.stat().st_mode & 0o777 == 0o700


def test_where_no_place_can_be_written_the_remedy_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(folder, "places", lambda: [tmp_path / "nowhere"])
    with pytest.raises(StorageError, match=f"set TMPDIR .* at most {LONGEST_PLACE} bytes"):
        private_folder()


def test_what_the_dead_left_goes_and_what_the_living_use_stays(temporary):
    living, _ = private_folder()
    dead, lock = private_folder()
    ray_folder(dead).mkdir()
    os.close(lock.descriptor)  # as the end of its process does
    new, _ = private_folder()
    assert set(temporary.iterdir()) == {living, new}


def test_folders_of_others_stay(temporary):
    (temporary / "fc-ray-mine").mkdir()
    (temporary / "fc-ray-link").symlink_to(temporary / "fc-ray-mine")
    (temporary / "fc-ray-mine" / "file").write_text("mine")
    private_folder()
    assert (temporary / "fc-ray-mine" / "file").read_text() == "mine"
    assert (temporary / "fc-ray-link").is_symlink()
