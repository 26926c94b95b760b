"""What may go wrong with an Ollama server, as errors of Echo's own, each with a word for its kind and one sentence.

This is the one place where the failures of the `ollama` package, httpx and the server are told apart. Nothing of what
the server or the package says is ever quoted: it may hold what people said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import httpx
import ollama

from echo.errors import EngineUnavailable


class OllamaFailure(EngineUnavailable):
    """A request to Ollama failed. `kind` is a stable word, for measurements; `is_away`: the server counts as down;
    `may_pass`: the same request may well succeed a moment later."""

    kind: ClassVar[str]
    is_away: ClassVar[bool] = False
    may_pass: ClassVar[bool] = False


class Unreachable(OllamaFailure):
    """Nothing takes the connection."""

    kind, is_away, may_pass = "unreachable", True, True


class Busy(OllamaFailure):
    """The server, or what Echo may ask of it at the same time, is full."""

    kind, may_pass = "busy", True


class ModelMissing(OllamaFailure):
    """The server has no such model."""

    kind = "model_missing"


class ContextExceeded(OllamaFailure):
    """More was sent than fits into the context; the server refused it, or left some of it out."""

    kind = "context_exceeded"


class BrokeOff(OllamaFailure):
    """The connection ended, or the server failed, before an answer was whole."""

    kind, is_away, may_pass = "broken_stream", True, True


class TooSlow(OllamaFailure):
    """The first word, or a further one, did not come in time."""

    kind, is_away = "too_slow", True


class NotOllama(OllamaFailure):
    """Something else answers at that address, or it wants a password."""

    kind, is_away = "not_ollama", True


class NotSupported(OllamaFailure):
    """The model, or this version of the server, can't do that."""

    kind = "not_supported"


class Refused(OllamaFailure):
    """The server would not or could not do it: memory, disk, a name it does not take, an error of its own."""

    kind = "refused"


FOREIGN: Final = (
    *(ollama.ResponseError, ConnectionError, TimeoutError, httpx.HTTPError, httpx.InvalidURL),
    # JSON that is none, or that is no object of Ollama's (pydantic's ValidationError is a ValueError too).
    *(ValueError, TypeError, AttributeError, KeyError),
)
"""What the package and httpx raise; `told` makes one of the failures above of each."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who was asked: the server's address, the model ("" for none), and the limits in seconds."""

    host: str
    model: str
    timeout: float
    stall: float

    @property
    def here(self) -> str:
        """How sentences name the server."""
        return f"Ollama at {self.host}"


def told(problem: Exception, asked: Asked, *, said: bool) -> OllamaFailure:
    """One of FOREIGN as a failure of Echo's own; `said`: some of the answer had come already."""
    if isinstance(problem, ollama.ResponseError):
        return refusal(problem.status_code, str(problem.error), asked)
    if isinstance(problem, ConnectionError | httpx.ConnectError | httpx.ConnectTimeout):
        return Unreachable(
            f"{asked.here} does not answer: start it with `ollama serve`, or set ollama_host to where it runs."
        )
    if isinstance(problem, TimeoutError | httpx.TimeoutException):
        return stalled(asked) if said else slow(asked)
    if isinstance(problem, httpx.HTTPError):
        return broke_off(asked)
    return NotOllama(f"What answers at {asked.host} is not Ollama: set ollama_host to the address of a running Ollama.")


def slow(asked: Asked) -> TooSlow:
    """The first word, or the whole, did not come within the timeout."""
    return TooSlow(
        f"{asked.here} took longer than {asked.timeout:g} seconds: raise ollama_timeout, or set ollama_model to a "
        "smaller model."
    )


def stalled(asked: Asked) -> TooSlow:
    """No further word came within the stall limit."""
    return TooSlow(
        f"{asked.here} paused for more than {asked.stall:g} seconds in the middle of an answer: raise ollama_stall, or "
        "set ollama_model to a smaller model."
    )


def broke_off(asked: Asked) -> BrokeOff:
    """The answer never said that it was whole."""
    return BrokeOff(f"{asked.here} broke off in the middle of an answer: look at its log if it happens again.")


def overflowed(asked: Asked) -> ContextExceeded:
    """What was sent does not fit."""
    return ContextExceeded(
        f"{asked.here} was sent more than the context of “{asked.model}” holds: raise ollama_num_ctx, or set "
        "ollama_model to one with a longer context."
    )


def missing(asked: Asked) -> ModelMissing:
    """There is no such model."""
    return ModelMissing(
        f"{asked.here} has no model “{asked.model}”: run `ollama pull {asked.model}`, or set ollama_model to one that "
        "`ollama list` shows."
    )


_OVERFLOWS: Final = ("exceed_context_size", "available context size", "context length", "context window")
_LACKS: Final = ("manifest", "does not exist", "not found", "try pulling")
_NO_DISK: Final = ("no space left", "disk full", "not enough disk", "insufficient space")


def refusal(status: int, error: str, asked: Asked) -> OllamaFailure:
    """What the server's HTTP status (-1 in the middle of a stream) and its words come to."""
    # A model's name is no reason, whatever words it holds.
    words = error.lower().replace(asked.model.lower(), "") if asked.model else error.lower()
    if any(mark in words for mark in _OVERFLOWS):
        return overflowed(asked)
    if status == httpx.codes.NOT_FOUND and "model" in words:
        return missing(asked)
    if status == httpx.codes.SERVICE_UNAVAILABLE:
        return Busy(f"{asked.here} is busy with other requests: try again in a while.")
    if status in (httpx.codes.NOT_IMPLEMENTED, httpx.codes.METHOD_NOT_ALLOWED) or "does not support" in words:
        return unsupported(words, asked)
    return _refused(status, words, asked)


def unsupported(words: str, asked: Asked) -> NotSupported:
    """The model or the version lacks something; `words` tell only whether it is embedding."""
    if "embed" in words:
        return NotSupported(
            f"“{asked.model}” can't embed at {asked.host}: set ollama_embedding_model to an embedding model, such as "
            "all-minilm."
        )
    return NotSupported(
        f"{asked.here} can't do that with “{asked.model}”: update Ollama, or set ollama_model to another model."
    )


def _refused(status: int, words: str, asked: Asked) -> OllamaFailure:
    if any(mark in words for mark in _NO_DISK):
        return Refused(f"{asked.here} has no room left on its disk: free some, then try again.")
    if "memory" in words:
        return Refused(f"{asked.here} has too little memory for “{asked.model}”: set ollama_model to a smaller model.")
    if status < 0 and any(mark in words for mark in _LACKS):
        return missing(asked)
    if status < 0:
        return BrokeOff(f"{asked.here} failed in the middle of an answer: look at its log if it happens again.")
    if "digest" in words:
        return Refused(f"{asked.here} got another file than was sent: check the disks, then try again.")
    if status == httpx.codes.BAD_REQUEST and "name" in words:
        return Refused(
            f"{asked.here} takes no model of the name “{asked.model}”: use letters, digits and ._-:/, 80 at most."
        )
    if status >= httpx.codes.INTERNAL_SERVER_ERROR or status == httpx.codes.BAD_REQUEST:
        return Refused(f"{asked.here} could not answer (status {status}): look at its log, then try again.")
    return NotOllama(
        f"What answers at {asked.host} is not an open Ollama (status {status}): set ollama_host to one that is."
    )
