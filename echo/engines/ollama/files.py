"""Files of weights on an Ollama server: gone with the model that was made of them, and looked after."""

from __future__ import annotations

from typing import Final

from echo.engines.ollama.hosts import Hosts
from echo.errors import EngineUnavailable

_PROBE: Final = "echo-erasing"
"""What a model is called that is made only to be deleted."""


async def erase_file(hosts: Hosts, host: str, digest: str) -> None:
    """See to it that the server at `host` holds no file with this digest.

    Ollama deletes a file with the last model made of it, and has no other way to delete one: what no model was made of
    yet, as a publishing was broken off, goes with a model made of it for that. Raises EngineUnavailable where it stays.
    """
    if host not in hosts.addresses:
        raise EngineUnavailable(
            f"A fine-tuned model may still lie on the Ollama at {host}: add it to ollama_host until it is erased there."
        )
    client = hosts.at(host)
    if not await client.has_blob(digest):
        return
    name = f"{_PROBE}:{digest.removeprefix('sha256:')[:12]}"
    await client.create(name, files={"model.gguf": digest})
    await client.delete(name)
    if await client.has_blob(digest):
        raise EngineUnavailable(
            f"The Ollama at {host} still holds a fine-tuned model's file: another model there may be made of it, which "
            "`ollama rm` deletes."
        )
