"""Guards nextcord's parsers of dispatches, and lets others see the raw data."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from echo.discord.translate import MALFORMED

log = logging.getLogger(__name__)

VITAL: Final = ("READY", "RESUMED")
"""Dispatches without which nothing goes on: what is wrong with them must not be passed over."""

Take = Callable[[Any], None]
"""Takes the data of a dispatch; raises one of MALFORMED where it is of another form than Discord describes."""


def guard(parsers: dict[str, Take], witnesses: Mapping[str, Sequence[Take]]) -> None:
    """One dispatch that is not what Discord describes must not end the connection, as nextcord would have it.

    `witnesses` are those who besides see the data of which dispatch, before nextcord acts on it: what was deleted is
    known until then. They are looked up at each dispatch, so that some may join later.
    """
    for name, parse in tuple(parsers.items()):
        parsers[name] = _guarded(name, parse, witnesses)


def _guarded(name: str, parse: Take, witnesses: Mapping[str, Sequence[Take]]) -> Take:
    def take(data: Any) -> None:
        for witness in witnesses.get(name, ()):
            _try(name, witness, data)
        if name in VITAL:
            parse(data)
        else:
            _try(name, parse, data)

    return take


def _try(name: str, take: Take, data: Any) -> None:
    try:
        take(data)
    except MALFORMED as error:
        log.warning("Discord sent a %s that is not as described (%s); it is left out.", name, type(error).__name__)
