"""A column of text: its different words, and which one stands in each row."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Indices = npt.NDArray[np.int64]
Codes = npt.NDArray[np.integer[Any]]
Words = Any  # a pyarrow array of text without nulls

UNKNOWN = -1
_LARGE = 2**16  # words; above it, they are told apart in buckets, whose tables fit into the cache
_BUCKETS = 32
_PART = 2**16  # rows that are encoded at a time
_LONG = 2**30  # bytes; less of them are found by numbers of 32 bits, and those made of them too


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """The words of a column, each once, and the position of every row's word among them.

    What is asked of words is asked once, however many rows hold them.
    """

    words: Words
    codes: Codes

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, row: int) -> str:
        return str(self.words[int(self.codes[row])].as_py())

    def words_of(self, rows: Indices) -> Words:
        """Return the words that stand in these rows, in the order that they have here."""
        found = np.zeros(len(self.words), dtype=np.bool_)
        found[self.codes[rows]] = True
        return self.words.filter(pa.array(found))


def column_of(words: Words) -> Column:
    """Return the column in whose rows these words stand, without the blanks at their ends."""
    starts = range(0, max(1, len(words)), _PART)
    return join([encode(words[start : start + _PART]) for start in starts])


def same_word(word: str, count: int) -> Column:
    """Return a column with this word in each of so many rows."""
    return Column(pa.array([word], pa.string()), np.zeros(count, dtype=np.uint8))


def repeated(words: Sequence[str], counts: Sequence[int]) -> Column:
    """Return a column in which each word stands in as many rows as its count says."""
    parts = zip(words, counts, strict=True)
    return join([same_word(word, count) for word, count in parts])


def encode(words: Words) -> Column:
    """Return a part of a column: without the blanks at their ends, words may be twice among it."""
    encoded = pc.fill_null(words, "").dictionary_encode()
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    return Column(pc.utf8_trim_whitespace(encoded.dictionary), _compact(codes, len(words)))


def join(parts: Sequence[Column]) -> Column:
    """Return a column of the rows of its parts, one after another; equal words are one in it."""
    is_long = sum(part.words.nbytes for part in parts) > _LONG
    kind = pa.large_string() if is_long else pa.string()
    every = [part.words for part in parts]
    words = pa.concat_arrays([own if own.type == kind else own.cast(kind) for own in every])
    different, codes = tell_apart(words)
    numbers = _compact(codes, len(different))
    ends = np.cumsum([len(part.words) for part in parts])
    own = [
        numbers[end - len(part.words) : end][part.codes]
        for part, end in zip(parts, ends, strict=True)
    ]
    return Column(different, np.concatenate(own))


def places(words: Words, names: Sequence[str]) -> Indices:
    """Return where each word is among these names, or `UNKNOWN`."""
    found = pc.index_in(words, value_set=pa.array(names, words.type))
    numbered: Indices = np.asarray(pc.fill_null(found, UNKNOWN)).astype(np.int64)
    return numbered


def tell_apart(words: Words) -> tuple[Words, Codes]:
    """Return the different ones of some words, and the position of each word among them."""
    if len(words) <= _LARGE:
        encoded = words.dictionary_encode()
        return encoded.dictionary, encoded.indices.to_numpy()
    buckets, count = _buckets(words), 0
    different, codes = [], np.empty(len(words), dtype=np.int32)
    for bucket in range(_BUCKETS):
        own = np.flatnonzero(buckets == bucket)
        encoded = words.take(pa.array(own)).dictionary_encode()
        codes[own] = encoded.indices.to_numpy() + count
        different.append(encoded.dictionary)
        count += len(encoded.dictionary)
    return pa.concat_arrays(different), codes


def _buckets(words: Words) -> npt.NDArray[np.uint8]:
    """Return a number for each word, the same for equal ones, from its length and last bytes."""
    _, offsets, data = words.buffers()
    kind = np.int64 if pa.types.is_large_string(words.type) else np.int32
    ends = np.frombuffer(offsets, dtype=kind)[words.offset : words.offset + len(words) + 1]
    letters = np.frombuffer(data or b"\0", dtype=np.uint8)
    lengths = np.diff(ends)
    found = lengths.astype(np.uint8)
    for place in (1, 2):
        letter = letters[np.maximum(ends[1:] - place, 0)]
        found = np.where(lengths >= place, 5 * found + letter, found)
    return found % _BUCKETS


def release_unused() -> None:
    """Return memory that was used between two columns to the operating system.

    Allocators keep it, piecemeal, and the pieces of twenty columns are more than a table.
    """
    pa.default_memory_pool().release_unused()


def _compact(codes: Codes, count: int) -> Codes:
    return codes.astype(np.min_scalar_type(-max(1, count)), copy=False)
