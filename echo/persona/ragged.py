"""Rows of different lengths in two flat arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


def distinct(values: Ints) -> Ints:
    """Each value once, sorted: what np.unique gives, which takes several times as long for as many."""
    ordered = np.sort(values)
    first = np.ones(len(ordered), np.bool_)
    first[1:] = ordered[1:] != ordered[:-1]
    return ordered[first]


class Ragged:
    """Row r is the integers `flat[start[r] : start[r + 1]]`. Never changed once made."""

    def __init__(self, flat: Ints, sizes: Ints) -> None:
        self.flat = flat
        self.sizes = sizes
        self.start: Ints = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)

    @classmethod
    def pack(cls, rows: Iterable[Iterable[int]]) -> Ragged:
        """From rows of integers."""
        listed = [list(row) for row in rows]
        flat = np.array([value for row in listed for value in row], np.int64)
        return cls(flat, np.array([len(row) for row in listed], np.int64))

    def __len__(self) -> int:
        return len(self.sizes)

    def __getitem__(self, row: int) -> Ints:
        if not 0 <= row < len(self.sizes):
            raise IndexError(row)
        return self.flat[self.start[row] : self.start[row + 1]]

    def __iter__(self) -> Iterator[Ints]:
        return (self[row] for row in range(len(self)))

    def row(self) -> Ints:
        """The row of each entry of `flat`."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    def kept(self, rows: Mask) -> Ragged:
        """Only these rows."""
        return Ragged(self.flat[np.repeat(rows, self.sizes)], self.sizes[rows])

    def only(self, entries: Mask) -> Ragged:
        """Only these entries; rows stay, though nothing may be left in them."""
        return Ragged(self.flat[entries], np.bincount(self.row()[entries], minlength=len(self.sizes)).astype(np.int64))

    def taken(self, rows: Ints) -> Ragged:
        """These rows, in this order, a row perhaps more than once."""
        sizes = self.sizes[rows]
        within = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return Ragged(self.flat[np.repeat(self.start[rows], sizes) + within], sizes)

    def renamed(self, names: Ints) -> Ragged:
        """With `names[value]` for each value."""
        return Ragged(names[self.flat], self.sizes)

    def joined(self, other: Ragged) -> Ragged:
        """These rows, then those of the other."""
        return Ragged(np.concatenate([self.flat, other.flat]), np.concatenate([self.sizes, other.sizes]))

    def arrays(self, name: str) -> dict[str, NDArray[np.generic]]:
        """Both arrays under keys that begin with `name`, for storage."""
        return {f"{name}.flat": self.flat.astype(np.int32), f"{name}.sizes": self.sizes.astype(np.int32)}

    @classmethod
    def of(cls, stored: Mapping[str, NDArray[np.generic]], name: str) -> Ragged:
        """What `arrays` gave. Raises KeyError where a part is missing."""
        return cls(stored[f"{name}.flat"].astype(np.int64), stored[f"{name}.sizes"].astype(np.int64))
