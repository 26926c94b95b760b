"""What an Ollama server tells of its models and of an answer, as Echo reads it. Times in seconds, sizes in bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import ollama

_ADAPTER: Final = re.compile(r"^\s*ADAPTER\s", re.MULTILINE | re.IGNORECASE)
_NANO: Final = 1e9


@dataclass(frozen=True, slots=True)
class Tag:
    """A model that the server has. `parent` is the model that it was made from, "" where that is unknown; `parameters`
    and `quantisation` are as Ollama writes them ("3.2B", "Q4_K_M")."""

    name: str
    size: int
    digest: str
    parent: str
    family: str
    parameters: str
    quantisation: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What `/api/show` says of a model: its longest context in tokens (None where unknown), what it can do, and what it
    was made of. `adapter`: it carries a LoRA adapter. `parameters` are the stored options, as lines of text. `primed`:
    it has messages stored, which come before those of every request. `remote`: another server runs it (Ollama's cloud).
    """

    context: int | None
    chats: bool
    thinks: bool
    embeds: bool
    parent: str
    system: str
    adapter: bool
    modelfile: str
    template: str
    parameters: str
    primed: bool = False
    remote: bool = False


@dataclass(frozen=True, slots=True)
class Running:
    """A loaded model: one name for all that share its weights. `vram` of its `size` are on a GPU; `context` in tokens
    (None where unknown); it is unloaded at `expires_at`."""

    name: str
    parent: str
    size: int
    vram: int
    context: int | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Completion:
    """A whole answer, and what it took. `cut`: it ended because `num_predict` tokens or the context were used up.

    `wait` went by before one of Echo's slots at the server was free, then `first_token` until the first word (None
    where there was none) and `seconds` until the end, by Echo's clock. The others are the server's own figures:
    loading the model, the tokens of the prompt (cached ones included) and of the answer, and the time for each.
    """

    content: str
    cut: bool
    wait: float = 0.0
    first_token: float | None = None
    seconds: float = 0.0
    load_seconds: float = 0.0
    prompt_tokens: int = 0
    prompt_seconds: float = 0.0
    tokens: int = 0
    token_seconds: float = 0.0


def tag_of(listed: ollama.ListResponse.Model) -> Tag:
    """One line of `/api/tags`."""
    details = listed.details
    return Tag(
        name=listed.model or "",
        size=int(listed.size or 0),
        digest=listed.digest or "",
        parent=(details.parent_model if details else None) or "",
        family=(details.family if details else None) or "",
        parameters=(details.parameter_size if details else None) or "",
        quantisation=(details.quantization_level if details else None) or "",
    )


def running_of(listed: ollama.ProcessResponse.Model) -> Running:
    """One line of `/api/ps`."""
    return Running(
        name=listed.model or listed.name or "",
        parent=(listed.details.parent_model if listed.details else None) or "",
        size=int(listed.size or 0),
        vram=int(listed.size_vram or 0),
        context=listed.context_length,
        expires_at=listed.expires_at,
    )


def shown_of(answer: Mapping[str, Any]) -> Shown:
    """An answer of `/api/show`. Servers before 0.6.4 name no capabilities: then the model is taken to chat alone; those
    before 0.2 tell no context.

    Raises TypeError, ValueError or AttributeError where it is none.
    """
    can = answer.get("capabilities")
    if "details" not in answer:
        raise ValueError
    info = answer.get("model_info") or {}
    lengths = [v for k, v in info.items() if k.endswith(".context_length") and isinstance(v, int)]
    modelfile = str(answer.get("modelfile") or "")
    return Shown(
        context=min(lengths) if lengths else None,
        chats=can is None or "completion" in can,
        thinks=can is not None and "thinking" in can,
        embeds=can is not None and "embedding" in can,
        parent=str((answer.get("details") or {}).get("parent_model") or ""),
        system=str(answer.get("system") or ""),
        adapter=_ADAPTER.search(modelfile) is not None,
        modelfile=modelfile,
        template=str(answer.get("template") or ""),
        parameters=str(answer.get("parameters") or ""),
        primed=bool(answer.get("messages")),
        remote=bool(answer.get("remote_host") or answer.get("remote_model")),
    )


def completion_of(
    content: str, last: ollama.ChatResponse, wait: float, first_token: float | None, seconds: float
) -> Completion:
    """A whole answer; `last` is its last part, which carries the server's figures."""
    return Completion(
        content=content,
        cut=last.done_reason == "length",
        wait=wait,
        first_token=first_token,
        seconds=seconds,
        load_seconds=(last.load_duration or 0) / _NANO,
        prompt_tokens=last.prompt_eval_count or 0,
        prompt_seconds=(last.prompt_eval_duration or 0) / _NANO,
        tokens=last.eval_count or 0,
        token_seconds=(last.eval_duration or 0) / _NANO,
    )
