"""Whether the Ollama servers have all that is needed, finding by finding. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from echo.engines.ollama.inventory import Stock, is_same
from echo.errors import EngineUnavailable, UsageError
from echo.ports import PersonaName

OLDEST: Final = (0, 6, 4)
"""The version of Ollama since which a server says what its models can do."""
AWAY: Final = EngineUnavailable.exit_code
AMISS: Final = UsageError.exit_code


@dataclass(frozen=True, slots=True)
class Needs:
    """The base model of the settings, the tokens of context that requests ask for, the embedding model ("" for none),
    other bases that were chosen, and the personas of the data folder (None: there is no data folder)."""

    base: str
    num_ctx: int
    embedding: str = ""
    others: tuple[str, ...] = ()
    personas: tuple[PersonaName, ...] | None = None

    def more(self, others: Sequence[str], personas: Sequence[PersonaName]) -> Needs:
        """With what the data folder asks for."""
        return replace(self, others=tuple(one for one in others if one != self.base), personas=tuple(personas))


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `code` is 0 where it is well, else the exit code that it is worth."""

    host: str
    about: str
    sentence: str
    code: int = 0


def findings(stocks: Sequence[Stock], needs: Needs) -> list[Finding]:
    """All that was looked at, server by server."""
    found = [one for stock in stocks for one in _of_stock(stock, needs)]
    found += _of_personas(stocks, needs.personas)
    return found


def _of_stock(stock: Stock, needs: Needs) -> Iterator[Finding]:
    version = _of_version(stock)
    if stock.trouble and (version is None or version.code == 0):
        yield Finding(stock.host, "server", stock.trouble, AWAY)
    elif version is not None:
        yield version
    if stock.trouble:
        return
    for name in (needs.base, *needs.others):
        yield from _of_base(stock, name, needs.num_ctx)
    if needs.embedding:
        yield _of_embedding(stock, needs.embedding)


def _of_version(stock: Stock) -> Finding | None:
    if not stock.version:
        return None
    numbers = tuple(int(part) for part in re.findall(r"\d+", stock.version)[:3])
    if numbers < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        return Finding(
            stock.host,
            "version",
            f"Ollama at {stock.host} is of version {stock.version}, which does not say what its models can do: update "
            f"it to {oldest} or newer.",
            AMISS,
        )
    return Finding(stock.host, "version", f"Ollama {stock.version} answers at {stock.host}.")


def _of_base(stock: Stock, name: str, num_ctx: int) -> Iterator[Finding]:
    base, here = stock.base(name), f"Ollama at {stock.host}"
    if base is None:
        yield Finding(
            *(stock.host, "base"),
            f"{here} has no model “{name}”: run `echo-bot models pull {name}`, or set ollama_model to one that "
            "`echo-bot models list` shows.",
            AMISS,
        )
        return
    if not base.chats:
        yield Finding(
            *(stock.host, "base"),
            f"The model “{name}” of {here} can't chat: set ollama_model to one that can.",
            AMISS,
        )
        return
    yield Finding(stock.host, "base", f"{here} has {base.name} ({base.about}), which can chat.")
    if base.context is not None and base.context < num_ctx:
        yield Finding(
            *(stock.host, "context"),
            f"The model “{name}” of {here} takes {base.context:,} tokens of context, fewer than ollama_num_ctx "
            f"({num_ctx:,}): set that to {base.context} or less, or choose another model.",
            AMISS,
        )


def _of_embedding(stock: Stock, name: str) -> Finding:
    base, here = stock.base(name), f"Ollama at {stock.host}"
    if base is None:
        sentence = f"{here} has no embedding model “{name}”: run `echo-bot models pull {name}`."
    elif not base.embeds:
        sentence = (
            f"The model “{name}” of {here} can't embed, as chat models can't any more: set ollama_embedding_model to "
            "one that can, or to nothing."
        )
    else:
        return Finding(stock.host, "embedding", f"{here} has {base.name}, which can embed.")
    return Finding(stock.host, "embedding", sentence, AMISS)


def _of_personas(stocks: Sequence[Stock], personas: Sequence[PersonaName] | None) -> list[Finding]:
    if personas is None:
        sentence = (
            "No Echo has run on this data folder yet, so that there are no personas to look for; --sandbox looks for "
            "those of the sandbox."
        )
        return [Finding("", "personas", sentence)]
    if all(stock.trouble for stock in stocks):
        return []
    return [_of_persona(stocks, persona) for persona in personas]


def _of_persona(stocks: Sequence[Stock], persona: PersonaName) -> Finding:
    hosts = [stock.host for stock in stocks if any(is_same(one.name, persona.model) for one in stock.personas)]
    whose = f"The persona {persona.model} of profile {persona.profile_id}"
    if hosts:
        return Finding(hosts[0], "persona", f"{whose} is there, on {', '.join(hosts)}.")
    if persona.tuned:
        return Finding(
            "", "persona", f"{whose}, which was fine-tuned, is on no server: have the echo learn anew.", AMISS
        )
    return Finding("", "persona", f"{whose} is on no server; it is made when the echo comes online.")
