import hashlib

import pytest

from fedcompare.data.decoding.checksums import read_checksums
from fedcompare.errors import DataError

DIGEST = hashlib.sha256(b"").hexdigest()


@pytest.fixture
def sums(tmp_path):
    def read(text):
        (tmp_path / "SHA256SUMS").write_bytes(text.encode())
        return read_checksums(tmp_path / "SHA256SUMS")

    return read


@pytest.mark.parametrize(
    "line",
    [
        f"{DIGEST}  a b.gz",
        f"{DIGEST} *a b.gz",
        f"{DIGEST}\ta b.gz",
        f"  {DIGEST}  a b.gz  ",
        f"{DIGEST.upper()}  a b.gz",
        f"{DIGEST}  ./data/a b.gz",
        f"{DIGEST} *C:\\data\\a b.gz",
        f"\\{DIGEST}  a b.gz",
        f"SHA256 (a b.gz) = {DIGEST}",
        f"SHA256(./data/a b.gz)= {DIGEST}",
        f"SHA2-256(a b.gz)= {DIGEST.upper()}",
        f"\ufeff{DIGEST}  a b.gz",
    ],
)
@pytest.mark.parametrize("frame", ["{}", "{}\n", "{}\r\n", "# ours\n\n{}\n\n", "{0}\n{0}\n"])
def test_all_common_formats_say_the_same(sums, line, frame):
    if line.startswith("\ufeff") and not frame.startswith("{"):
        frame = "{}"
    if "{0}" in frame:
        line = line.removeprefix("\ufeff")
    assert sums(frame.format(line)) == {"a b.gz": DIGEST}


@pytest.mark.parametrize(
    "line",
    [
        "a.gz",
        DIGEST,
        f"a.gz  {DIGEST}",
        f"{DIGEST[:-1]}  a.gz",
        f"{DIGEST}0  a.gz",
        f"{DIGEST[:-1]}g  a.gz",
        f"MD5 (a.gz) = {DIGEST[:32]}",
        f"SHA512 (a.gz) = {DIGEST}{DIGEST}",
        f"SHA256 (a.gz) = {DIGEST[:-1]}",
        "-----BEGIN PGP SIGNED MESSAGE-----",
    ],
)
def test_a_line_that_is_not_understood_is_named(sums, line):
    with pytest.raises(DataError, match="SHA256SUMS, line 2 is no SHA-256 of a file"):
        sums(f"{DIGEST}  b.gz\n{line}\n")


def test_two_lines_that_contradict_each_other_are_refused(sums):
    other = hashlib.sha256(b"other").hexdigest()
    with pytest.raises(DataError, match=r"line 2: another line has another SHA-256 of a\.gz"):
        sums(f"{DIGEST}  a.gz\n{other}  data/a.gz\n")


def test_no_file_of_checksums_is_no_checksums(tmp_path):
    assert read_checksums(tmp_path / "SHA256SUMS") == {}


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x80")
    for name in ("folder", "binary"):
        with pytest.raises(DataError, match=f"{name} cannot be read"):
            read_checksums(tmp_path / name)
