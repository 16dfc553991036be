"""What each silo's examples go through, as one key: "; rotation(degrees=30); noise(deviation=1)".

An entry for each silo in the order of ids, or entries that name their silo ("Dream: scale(by=2)");
an entry's transforms are joined by "+". A name that holds one of these signs stands in quotes.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fedcompare.config.choices import Choice
from fedcompare.text.typed import shown

_FORM = (
    'write an entry for each silo, empty for none, as in "; rotation(degrees=30)", or name silos, '
    'as in "silo 2: rotation(degrees=30)"'
)
_ENTRIES, _CHAIN = ";", "+"
_QUOTED = r'"(?:[^"]|"")*"'
_TEXT = r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'"""
_ARGUMENTS = rf"""\((?:[^()"']|{_TEXT}|\([^()]*\))*\)"""
_NAME = re.compile(rf"""\s*(?P<name>{_QUOTED}|[^":()]*?)\s*:""")
_PLAIN = re.compile(r'[^\s";:()+][^";:()+]*(?<!\s)')


@dataclass(frozen=True, slots=True)
class Entry:
    """Transforms, in the order in which they are done; `silo` is empty where places say whose."""

    silo: str
    chain: tuple[Choice, ...]

    def __str__(self) -> str:
        chain = format_chain(self.chain)
        if not self.silo:
            return chain
        quoted = '"' + self.silo.replace('"', '""') + '"'
        return f"{self.silo if _PLAIN.fullmatch(self.silo) else quoted}: {chain}"


Transforms = tuple[Entry, ...]


def parse_transforms(value: object) -> Transforms:
    """Read the entries of a string, or of a list that has a string for each.

    Raises:
        ValueError: they have another form, some name their silo and others not, or one is twice.
    """
    if not isinstance(value, list | tuple | str):
        raise ValueError(_FORM)
    texts = list(_parts(value, _ENTRIES)) if isinstance(value, str) else value
    entries = tuple(map(_entry, texts))
    if any(entry.silo for entry in entries):
        entries = tuple(entry for entry in entries if entry.silo or entry.chain)
    elif not any(entry.chain for entry in entries):
        return ()
    names = [entry.silo for entry in entries if entry.silo]
    if names and len(names) < len(entries):
        raise ValueError(f"some entries name their silo and others do not; {_FORM}")
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise ValueError(f"names {shown(twice[0])} twice; join its transforms by {_CHAIN}")
    return entries


def format_transforms(entries: Transforms) -> str:
    """Return the string from which `parse_transforms` makes the same entries."""
    return f"{_ENTRIES} ".join(map(str, entries))


def format_chain(chain: Iterable[Choice]) -> str:
    """Return transforms as they are written one after the other."""
    return f" {_CHAIN} ".join(map(str, chain))


def _entry(text: object) -> Entry:
    if isinstance(text, Entry):
        return text
    if not isinstance(text, str):
        raise ValueError(_FORM)
    found, name = _NAME.match(text), ""
    if found:
        text, name = text[found.end() :], found["name"]
        name = name[1:-1].replace('""', '"') if name.startswith('"') else name
        if not name:
            raise ValueError(f"an entry names no silo; {_FORM}")
    chain = [part.strip() for part in _parts(text, _CHAIN)] if text.strip() else []
    return Entry(name, tuple(map(Choice.parse, chain)))


def _parts(text: str, mark: str) -> Iterator[str]:
    """Yield what stands between marks; one in a quoted name or in arguments divides nothing."""
    part = re.compile(rf"(?:{_ARGUMENTS}|{_QUOTED}|[^{mark}()])*")
    place = 0
    while found := part.match(text, place):
        yield found[0]
        place = found.end()
        if place == len(text):
            return
        if text[place] != mark:
            raise ValueError(f"brackets or quotes do not match in {shown(text[place:])}")
        place += 1
