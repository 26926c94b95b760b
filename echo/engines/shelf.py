"""Loaded models, the ones used last."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Final, Generic, TypeVar

LOADED: Final = 8
"""Models kept in memory at most; some 15 MB each for 10,000 messages."""

M = TypeVar("M")


class Shelf(Generic[M]):
    """Keeps up to `most` loaded models by the name of their version. Safe to share between threads."""

    def __init__(self, load: Callable[[bytes], M], most: int = LOADED) -> None:
        self._load = load
        self._most = most
        self._loaded: OrderedDict[str, M] = OrderedDict()
        self._lock = Lock()

    def get(self, model: bytes, version: str) -> M:
        """The loaded model, loading it where need be. Raises what `load` raises."""
        with self._lock:
            found = self._loaded.get(version)
            if found is not None:
                self._loaded.move_to_end(version)
                return found
        # Outside the lock: loading takes a while, and the others need not wait for it.
        loaded = self._load(model)
        with self._lock:
            self._loaded[version] = loaded
            while len(self._loaded) > self._most:
                self._loaded.popitem(last=False)
        return loaded

    def release(self, version: str) -> None:
        """Lets go of a loaded model."""
        with self._lock:
            self._loaded.pop(version, None)
