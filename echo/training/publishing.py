"""Brings a fine-tuned persona to Ollama: adapter and base made one file, the file sent as a blob, a model made of it.

This is the way that every version of Ollama takes. A server that takes adapters (before 0.34) is given the adapter
alone where the operator has named its model of the same base; it is then looked at whether the model really has it,
and where not, the long way is gone. A template is never given: the one in the base's own metadata stays.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from echo.engines.ollama.client import OllamaClient
from echo.engines.ollama.failures import ModelMissing, NotSupported, OllamaFailure, Refused
from echo.errors import ConfigError, EngineUnavailable
from echo.ports import PersonaName
from echo.training.disk import gigabytes, workplace
from echo.training.making import Adapter, Ingredients, Made, beside, checked, merged
from states.board import Progress

OLDEST: Final = (0, 5, 5)
"""The first version of Ollama that makes models of blobs by `files`."""
NO_ADAPTERS: Final = (0, 34)
"""The first version that is known to take no adapters."""
FILE: Final = "model.gguf"
_MEGABYTE: Final = 1_000_000
_NUMBERS: Final = re.compile(r"\d+(?:\.\d+)*")

Told = Callable[[Progress], None]
Noted = Callable[[str, str], Awaitable[None]]
"""Is told the host and the digest of a file before it is sent there, so that it can be found again whatever happens."""


async def _unnoted(host: str, digest: str) -> None:
    """Where nobody keeps a list."""


@dataclass(frozen=True, slots=True)
class Publication:
    """What is published: an adapter as the model of a persona, with its card as system text and sampling options."""

    persona: PersonaName
    adapter: Adapter
    system: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Published:
    """What every server has now. `size` in bytes; `merged`: a whole model, not an adapter beside one."""

    digest: str
    size: int
    merged: bool


@dataclass(frozen=True, slots=True)
class _Order:
    """A model that is to be made of a file; `base` is what an adapter goes beside."""

    what: Publication
    made: Made
    base: str | None = None


class Publisher:
    """Publishes fine-tuned personas. `home` is the data folder, `timeout` the seconds that making a file may take.

    `same` is the servers' model of the very base that was fine-tuned, "" where there is none.
    """

    def __init__(self, home: Path, what: Ingredients, timeout: float, same: str = "") -> None:
        self._home, self._what, self._timeout, self._same = home, what, timeout, same

    async def ready(self, clients: Sequence[OllamaClient] = ()) -> None:
        """See to it, before anything is learnt, that what is learnt can be made a model, also on these servers.

        Raises OllamaFailure where a server is too old or fails, ConfigError where the base's file or a program is
        missing, EngineFailed where the file is no whole chat model, or another one than the folder's, DiskTooFull where
        there is no room for the model.
        """
        for client in clients:
            await _version(client)
        _require_file(self._what.base)
        await checked(self._what, self._home, self._timeout)

    async def publish(
        self, clients: Sequence[OllamaClient], what: Publication, told: Told, noted: Noted = _unnoted
    ) -> Published:
        """Make the persona's model on all these servers, or on none of them.

        Raises EngineFailed where the file can't be made (DiskTooFull among them), ConfigError where the base's file or
        a program is missing, EngineUnavailable where a server fails. Nothing is left behind here, also when cancelled;
        a server keeps a file that it was sent until it starts anew, so `noted` is told of each before.
        """
        if not clients:
            raise EngineUnavailable("No Ollama is reachable: start it, or mend ollama_host.")
        _require_file(self._what.base)
        versions = [await _version(client) for client in clients]
        with workplace(self._home) as place:
            if self._same and max(versions) < NO_ADAPTERS:
                published = await self._beside(clients, what, place, told, noted)
                if published is not None:
                    return published
            told(Progress("merging", 0, 100, "%"))
            made = await merged(
                self._what,
                what.adapter,
                place,
                lambda share: told(Progress("merging", int(100 * share), 100, "%")),
                self._timeout,
            )
            await self._everywhere(clients, _Order(what, made), told, noted)
            return Published(made.digest, made.size, merged=True)

    async def _beside(
        self, clients: Sequence[OllamaClient], what: Publication, place: Path, told: Told, noted: Noted
    ) -> Published | None:
        """The short way; None where a server turns out not to go it."""
        made = await beside(self._what, what.adapter, place, self._timeout)
        try:
            await self._everywhere(clients, _Order(what, made, self._same), told, noted)
        except (ModelMissing, NotSupported, Refused):
            return None
        return Published(made.digest, made.size, merged=False)

    async def _everywhere(self, clients: Sequence[OllamaClient], order: _Order, told: Told, noted: Noted) -> None:
        # What is on some servers only would speak or not by chance.
        async with AsyncExitStack() as undoing:
            for client in clients:
                undoing.push_async_callback(_take_back, client, order.what.persona.model)
                await _brought(client, order, told, noted)
            undoing.pop_all()


async def _take_back(client: OllamaClient, model: str) -> None:
    with suppress(OllamaFailure):
        await client.delete(model)


async def _brought(client: OllamaClient, order: _Order, told: Told, noted: Noted) -> None:
    what, made, base = order.what, order.made, order.base
    await noted(client.host, made.digest)
    if not await client.has_blob(made.digest):
        to = f"To {client.host}, {gigabytes(made.size)}."
        await client.push_blob(
            made.path,
            made.digest,
            lambda done, total: told(Progress("sending", done // _MEGABYTE, total // _MEGABYTE, "MB", to)),
        )
    told(Progress("making the model", 0, None, "steps", f"On {client.host}."))
    files = {FILE: made.digest}
    await client.create(
        what.persona.model,
        base=base,
        files=None if base else files,
        adapters=files if base else None,
        system=what.system,
        parameters=what.parameters,
    )
    await _require_made(client, what, with_adapter=base is not None)


async def _require_made(client: OllamaClient, what: Publication, *, with_adapter: bool) -> None:
    """Raise NotSupported where the server does not say that it has just what it was asked to make."""
    shown = await client.show(what.persona.model)
    wrong = ""
    if shown.system.strip() != what.system.strip():
        wrong = "with another system text"
    elif not shown.chats:
        wrong = "as one that can't chat"
    elif shown.adapter != with_adapter:
        wrong = "without its adapter" if with_adapter else "with an adapter"
    if wrong:
        raise NotSupported(
            f"Ollama at {client.host} made the model “{what.persona.model}” {wrong}: update Ollama, or choose another "
            "base."
        )


async def _version(client: OllamaClient) -> tuple[int, ...]:
    """A server's version. Raises NotSupported where it is too old; what has no number is taken for a new one."""
    said = await client.version()
    found = _NUMBERS.search(said)
    version = tuple(int(part) for part in found[0].split(".")) if found else NO_ADAPTERS
    # What is built from source calls itself 0.0.0.
    if (0, 0, 0) < version < OLDEST:
        raise NotSupported(
            f"Ollama at {client.host} is version {said}, and making a model of a file takes 0.5.5 or newer: update it."
        )
    return NO_ADAPTERS if version == (0, 0, 0) else version


def _require_file(base: Path) -> None:
    if not base.is_file():
        raise ConfigError(
            f"There is no file {base}: set training.base_gguf to the GGUF file of the model in training.base."
        )
