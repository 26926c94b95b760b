"""How the loopback Ollama creates and pulls models: as streams of statuses, with the real one's words."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

from tests.support.ollama_blobs import Blobs, NotGguf, is_digest, read_gguf
from tests.support.ollama_models import TEMPLATE, BadName, Model, Models, canonical
from tests.support.ollama_troubles import Refused

Statuses = AsyncGenerator[dict[str, Any], None]
MayGo = Callable[[], Awaitable[None]]
"""Waits until the next step may be taken; raises Refused where something goes wrong with it."""
BAD_NAME = "invalid model name"


@dataclass
class Store:
    """Models and blobs on the server's disk. `library` is what could be pulled, `pulled` what somebody tried to:
    by /api/pull or by creating `from` a model that is not there. `is_full` says that nothing more fits on the disk."""

    models: Models
    library: Models
    version: Callable[[], tuple[int, ...]]
    is_full: Callable[[], bool]
    blobs: Blobs = field(default_factory=Blobs)
    pulled: list[str] = field(default_factory=list)

    def prune(self) -> None:
        """Remove blobs that no model needs, as at every start and after a model went."""
        needed = self.models.blobs()
        for digest in [one for one in self.blobs if one not in needed]:
            del self.blobs[digest]

    def delete(self, name: str) -> None:
        """Raises Refused where there is none."""
        if name not in self.models:
            raise Refused(404, f"model '{name}' not found")
        gone = self.models[name]
        del self.models[name]
        needed = self.models.blobs()
        for digest in gone.layers():
            if digest not in needed:
                self.blobs.pop(digest, None)

    async def pull(self, name: str, may_go: MayGo) -> Statuses:
        """Fetch it from the network. Raises Refused; the first status is said in any case."""
        yield {"status": "pulling manifest"}
        self.pulled.append(name)
        found = self.library.find(name)
        if found is None:
            raise Refused(500, "pull model manifest: file does not exist")
        layer = {"status": f"pulling {found.base[7:19]}", "digest": found.base, "total": found.size}
        yield layer
        for quarter in range(1, 5):
            await may_go()
            if self.is_full():
                raise Refused(500, "write /usr/share/ollama/.ollama/models/blobs: no space left on device")
            yield layer | {"completed": found.size * quarter // 4}
        yield {"status": "verifying sha256 digest"}
        yield {"status": "writing manifest"}
        self.models[name] = found
        yield {"status": "success"}

    async def create(self, asked: dict[str, Any], may_go: MayGo) -> Statuses:
        """Make a model of another one or of files. Raises Refused."""
        name = self._checked(asked)
        base, files = asked.get("from"), asked.get("files")
        if base:
            if base not in self.models:
                async for status in self.pull(base, may_go):
                    if status["status"] != "success":
                        yield status
            made = self.models.made_from(base, **self._given(asked))
        elif files:
            yield {"status": "parsing GGUF"}
            made = self._of_file(asked, *files.items())
        else:
            raise Refused(400, "neither 'from' or 'files' was specified")
        for digest in asked.get("adapters", {}).values():
            made = self._with_adapter(made, digest)
        for layer in made.layers():
            existing = layer in self.blobs or layer in self.models.blobs()
            yield {"status": f"{'using existing' if existing else 'creating new'} layer {layer}"}
        await may_go()
        yield {"status": "writing manifest"}
        if self.is_full():
            raise Refused(500, "write /usr/share/ollama/.ollama/models/manifests: no space left on device")
        self.models[name] = made
        yield {"status": "success"}

    def _checked(self, asked: dict[str, Any]) -> str:
        """The name, where everything about the request that can be told at once is right."""
        if self.version() < (0, 5, 5):
            raise Refused(400, "path or modelfile are required")
        try:
            name = canonical(str(asked.get("model") or asked.get("name") or ""))
            canonical(str(asked.get("from") or "anything"))
        except BadName:
            raise Refused(400, BAD_NAME) from None
        if "adapters" in asked:
            if self.version() >= (0, 34):
                raise Refused(400, "LoRA adapters are no longer supported")
            if not asked["adapters"]:
                raise Refused(400, "no files provided to convert")
        for path, digest in (asked.get("files") or {}).items():
            if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
                raise Refused(400, "file path must be relative")
            if not is_digest(digest):
                raise Refused(400, "invalid digest format")
            if digest not in self.blobs:
                raise Refused(400, f"open /usr/share/ollama/.ollama/models/blobs/{digest}: no such file or directory")
            if self.blobs[digest][:4] != b"GGUF":
                raise Refused(400, "unknown type")
        return name

    def _of_file(self, asked: dict[str, Any], *files: tuple[str, str]) -> Model:
        if len(files) > 1:
            raise Refused(400, "only one GGUF file can be made a model of")
        digest = files[0][1]
        try:
            found = read_gguf(self.blobs[digest])
        except NotGguf as problem:
            raise Refused(500, f"failed to decode GGUF: {problem}") from None
        if found.is_adapter or not found.architecture:
            raise Refused(500, "the GGUF file holds no model")
        given = self._given(asked)
        return Model(
            base=digest,
            capabilities=("embedding",) if found.embeds else ("completion",),
            system=given["system"],
            parameters=given["parameters"],
            messages=given["messages"],
            template=given["template"] or found.values.get("tokenizer.chat_template", TEMPLATE),
            context=found.context,
            size=len(self.blobs[digest]),
            family=found.architecture,
            quantisation=found.quantisation,
        )

    def _with_adapter(self, model: Model, digest: str) -> Model:
        if digest not in self.blobs or self.blobs[digest][:4] != b"GGUF":
            raise Refused(400, "unknown type")
        return replace(model, adapter=digest)

    @staticmethod
    def _given(asked: dict[str, Any]) -> dict[str, Any]:
        return {
            "system": asked.get("system") or "",
            "template": asked.get("template") or "",
            "parameters": asked.get("parameters") or {},
            "messages": tuple(asked.get("messages") or ()),
        }
