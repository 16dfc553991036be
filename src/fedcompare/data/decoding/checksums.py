"""Files of SHA-256 checksums, as sha256sum, shasum, openssl and their likes write them."""

import re
from pathlib import Path, PurePosixPath

from fedcompare.errors import DataError

_HEX = r"(?P<digest>[0-9A-Fa-f]{64})"
_FORMATS = (
    re.compile(rf"\\?{_HEX} [ *](?P<name>.+)"),  # GNU: text and binary mode
    re.compile(rf"SHA2?-?256 ?\((?P<name>.+)\) ?= ?{_HEX}", re.IGNORECASE),  # BSD, openssl
    re.compile(rf"{_HEX}\s+\*?(?P<name>\S.*)"),  # written by hand: any blanks
)


def read_checksums(path: Path) -> dict[str, str]:
    """Return the lower-case digests by file name, without folders; {} if there is no such file.

    Raises:
        DataError: the file cannot be read, or a line is no checksum, or contradicts another.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise DataError(f"{path} cannot be read: {reason}. Restore or remove it.") from error
    sums: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, digest = _parse(line.strip(), f"{path}, line {number}")
        if sums.setdefault(name, digest) != digest:
            raise DataError(f"{path}, line {number}: another line has another SHA-256 of {name}")
    return sums


def _parse(line: str, place: str) -> tuple[str, str]:
    for pattern in _FORMATS:
        if match := pattern.fullmatch(line):
            name = PurePosixPath(match["name"].strip().replace("\\", "/")).name
            return name, match["digest"].lower()
    raise DataError(
        f"{place} is no SHA-256 of a file: {line[:100]!r}. Write 64 hexadecimal digits, two blanks "
        "and the file's name, as sha256sum does; or remove the line."
    )
