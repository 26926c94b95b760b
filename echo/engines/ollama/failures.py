"""What may go wrong with an Ollama server, as errors of Echo's own, each with a word for its kind and one sentence.

This is the one place where the failures of the `ollama` package, httpx and the server are told apart. Nothing of what
the server or the package says is ever quoted: it may hold what people said.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar, Final

import httpx
import ollama

from echo.errors import EngineUnavailable


class OllamaFailure(EngineUnavailable):
    """A request to Ollama failed. `kind` is a stable word, for measurements; `is_away`: the server counts as down;
    `may_pass`: the same request may well succeed a moment later; `said`: some of the answer had come already."""

    kind: ClassVar[str]
    is_away: ClassVar[bool] = False
    may_pass: ClassVar[bool] = False
    said = False


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
    # Numbers beyond all bounds, and lists in lists in lists.
    *(ArithmeticError, RecursionError),
)
"""What the package and httpx raise; `Asked.told` makes one of the failures above of each."""


@dataclass(frozen=True, slots=True)
class Sign:
    """What an answer is known by: one of `words` in it (none: any), and its HTTP status (-1: late in a stream).

    `sentence` may name {here}, {host}, {model} and {status}.
    """

    kind: type[OllamaFailure]
    sentence: str
    words: tuple[str, ...] = ()
    statuses: Collection[int] = range(-1, 1000)

    def fits(self, status: int, words: str) -> bool:
        """Whether it is this."""
        return status in self.statuses and (not self.words or any(one in words for one in self.words))


_LATE: Final = (-1,)
_DOWN: Final = "{here} does not answer: start it with `ollama serve`, or set ollama_host to where it runs."
_SLOW: Final = (
    "{here} took longer than {timeout:g} seconds: raise ollama_timeout, or set ollama_model to a smaller model."
)
_PAUSED: Final = (
    "{here} paused for more than {stall:g} seconds in the middle of an answer: raise ollama_stall, or set ollama_model "
    "to a smaller model."
)
_BROKE_OFF: Final = "{here} broke off in the middle of an answer: look at its log if it happens again."
_OVERFLOWED: Final = (
    "{here} was sent more than the context of “{model}” holds: raise ollama_num_ctx, or set ollama_model to one with a "
    "longer context."
)
_MISSING: Final = (
    "{here} has no model “{model}”: run `ollama pull {model}`, or set ollama_model to one that `ollama list` shows."
)
_FOREIGN: Final = "What answers at {host} is not Ollama: set ollama_host to the address of a running Ollama."

SIGNS: Final = (
    Sign(
        ContextExceeded,
        _OVERFLOWED,
        ("exceed_context_size", "available context size", "context length", "context window"),
    ),
    Sign(
        Refused,
        "{here} can't fetch “{model}” now: see that it has a network, then try again.",
        ("dial tcp", "no such host", "max retries"),
    ),
    Sign(
        ModelMissing,
        "{here} finds no model “{model}” to fetch: look its name up in Ollama's library, and try again.",
        ("pull model manifest",),
    ),
    Sign(ModelMissing, _MISSING, ("model",), (404,)),
    Sign(ModelMissing, _MISSING, ("not found", "try pulling"), _LATE),
    Sign(Busy, "{here} is busy with other requests: try again in a while.", (), (503,)),
    Sign(
        NotSupported,
        "{here} does not know how to do that: update Ollama there, or set ollama_host to another one.",
        ("page not found", "modelfile are required"),
    ),
    Sign(
        NotSupported,
        "{here} can't do that any more: do it another way, or install an older Ollama.",
        ("no longer supported",),
    ),
    Sign(
        NotSupported,
        "“{model}” can't embed at {host}: set ollama_embedding_model to an embedding model, such as all-minilm.",
        ("support embed",),
    ),
    Sign(
        NotSupported,
        "{here} can't do that with “{model}”: update Ollama, or set ollama_model to another model.",
        ("does not support",),
    ),
    Sign(
        NotSupported,
        "{here} can't do that with “{model}”: update Ollama, or set ollama_model to another model.",
        (),
        (405, 501),
    ),
    Sign(
        Refused,
        "{here} has no room left on its disk: free some, then try again.",
        ("no space left", "disk full", "not enough disk", "insufficient space"),
    ),
    Sign(
        Refused,
        "{here} can make no model of that file: update Ollama, or make the file anew.",
        ("decode gguf", "unknown type", "holds no model", "unsupported architecture", "unknown model architecture"),
    ),
    Sign(Refused, "{here} got another file than was sent: check the disks, then try again.", ("digest mismatch",)),
    Sign(
        Refused,
        "{here} takes no model of the name “{model}”: use letters, digits and ._-:/, 80 at most.",
        ("invalid model name",),
    ),
    Sign(Refused, "{here} has too little memory for “{model}”: set ollama_model to a smaller model.", ("memory",)),
    Sign(BrokeOff, "{here} failed in the middle of an answer: look at its log if it happens again.", (), _LATE),
    Sign(
        Refused,
        "{here} could not answer (status {status}): look at its log, then try again.",
        (),
        (400, *range(500, 600)),
    ),
    Sign(NotOllama, "What answers at {host} is not an open Ollama (status {status}): set ollama_host to one that is."),
)
"""How Ollama (0.1.30 to 0.34, and the llama-server in it) words what it refuses; the first that fits is taken."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who was asked: the server's address, the model ("" for none), and the limits in seconds."""

    host: str
    model: str
    timeout: float
    stall: float

    def sentence(self, pattern: str, status: int = 0) -> str:
        """A pattern of this file, filled in."""
        return pattern.format(
            here=f"Ollama at {self.host}",
            host=self.host,
            model=self.model,
            timeout=self.timeout,
            stall=self.stall,
            status=status,
        )

    def refusal(self, status: int, error: str) -> OllamaFailure:
        """What the server's HTTP status and its words come to."""
        # A model's name is no reason, whatever words it holds.
        words = error.lower().replace(self.model.lower(), "") if self.model else error.lower()
        sign = next(sign for sign in SIGNS if sign.fits(status, words))
        return sign.kind(self.sentence(sign.sentence, status))

    def told(self, problem: Exception, *, said: bool) -> OllamaFailure:
        """One of FOREIGN as a failure of Echo's own; `said`: some of the answer had come already."""
        if isinstance(problem, ollama.ResponseError):
            return self.refusal(problem.status_code, str(problem.error))
        if isinstance(problem, ConnectionError | httpx.ConnectError | httpx.ConnectTimeout):
            return Unreachable(self.sentence(_DOWN))
        if isinstance(problem, TimeoutError | httpx.TimeoutException):
            return TooSlow(self.sentence(_PAUSED)) if said else self.slow()
        return self.broke_off() if isinstance(problem, httpx.HTTPError) else self.foreign()

    def slow(self) -> TooSlow:
        """The first word, or the whole, did not come within the timeout."""
        return TooSlow(self.sentence(_SLOW))

    def broke_off(self) -> BrokeOff:
        """The answer never said that it was whole."""
        return BrokeOff(self.sentence(_BROKE_OFF))

    def overflowed(self) -> ContextExceeded:
        """What was sent does not fit."""
        return ContextExceeded(self.sentence(_OVERFLOWED))

    def foreign(self) -> NotOllama:
        """Something else answers there."""
        return NotOllama(self.sentence(_FOREIGN))
