"""The part of the loopback Ollama that keeps models: listing, showing, making, pulling, deleting, and their blobs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.support.ollama_blobs import Blobs, digest_of, is_digest
from tests.support.ollama_edge import Edge, lost
from tests.support.ollama_making import MayGo, Store
from tests.support.ollama_models import BadName, Model, Models, canonical
from tests.support.ollama_troubles import Refused, Trouble

MODEL = "llama3.2:3b"
LIBRARY = {"llama3.2:3b": ["completion", "tools"], "gemma3:1b": ["completion"], "all-minilm": ["embedding"]}


@dataclass
class Shelf(Edge):
    """`models` may be given as name -> list of capabilities; `context` (tokens) is that of all that have none of their
    own; `library` is what could be pulled. `uploads` counts blobs that were sent."""

    models: Models = field(default_factory=lambda: Models({MODEL: LIBRARY[MODEL]}))
    library: Models = field(default_factory=lambda: Models(LIBRARY))
    context: int = 131_072
    uploads: int = 0
    store: Store = field(init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.models, self.library = Models(self.models), Models(self.library)
        self.store = Store(self.models, self.library, lambda: self.release, self._is_full)

    @property
    def blobs(self) -> Blobs:
        """All that lie on its disk."""
        return self.store.blobs

    @property
    def pulled(self) -> list[str]:
        """Names that were looked for on the network, whoever caused it."""
        return self.store.pulled

    def routes(self) -> list[web.RouteDef]:
        """All that it answers."""
        return [
            *super().routes(),
            web.get("/api/version", self._version),
            web.get("/api/tags", self._tags),
            web.post("/api/show", self._show),
            web.post("/api/create", self._create),
            web.post("/api/pull", self._pull),
            web.delete("/api/delete", self._delete),
            web.head("/api/blobs/{digest}", self._has_blob),
            web.post("/api/blobs/{digest}", self._keep_blob),
        ]

    async def start(self) -> None:
        """Listen; as at every start, blobs that no model needs are removed first."""
        self.store.prune()
        await super().start()

    def model(self, name: str) -> Model:
        """Raises Refused (404) where there is none of that name."""
        found = self.models.find(name)
        if found is None:
            raise Refused(404, f"model '{name}' not found")
        return found

    def _is_full(self) -> bool:
        return self.trouble is Trouble.DISK_FULL

    async def _version(self, request: web.Request) -> web.Response:
        return web.json_response({"version": ".".join(map(str, self.release))})

    async def _tags(self, request: web.Request) -> web.Response:
        return web.json_response({"models": [model.listed(name) for name, model in self.models.items()]})

    async def _show(self, request: web.Request) -> web.Response:
        asked = await body(request)
        shown = self.model(named(asked)).shown(named(asked), self.context)
        if self.release < (0, 6, 4):
            del shown["capabilities"]
        if self.release < (0, 2, 0):
            del shown["model_info"]
        return web.json_response(shown)

    async def _create(self, request: web.Request) -> web.StreamResponse:
        asked = await body(request)
        statuses = self.store.create(asked, self._step(request))
        return await self._streamed(request, statuses, stream=asked.get("stream", True))

    async def _pull(self, request: web.Request) -> web.StreamResponse:
        asked = await body(request)
        try:
            canonical(named(asked))
        except BadName:
            raise Refused(400, "invalid model name") from None
        statuses = self.store.pull(named(asked), self._step(request))
        return await self._streamed(request, statuses, stream=asked.get("stream", True))

    def _step(self, request: web.Request) -> MayGo:
        async def may_go() -> None:
            await self._passing(self.pulls_may_go)
            if self._takes(request, Trouble.FAILS_LATE):
                raise Refused(500, "max retries exceeded: unexpected EOF")

        return may_go

    async def _delete(self, request: web.Request) -> web.Response:
        self.store.delete(named(await body(request)))
        return web.Response()

    async def _has_blob(self, request: web.Request) -> web.Response:
        return web.Response(status=200 if self._digest(request) in self.blobs else 404)

    async def _keep_blob(self, request: web.Request) -> web.StreamResponse:
        digest = self._digest(request)
        if digest in self.blobs:
            return web.Response()
        data = b""
        async for chunk in request.content.iter_any():
            data += chunk
            if self._takes(request, Trouble.BREAKS):
                return lost(request)
        if self._takes(request, Trouble.DISK_FULL):
            raise Refused(500, "write /usr/share/ollama/.ollama/models/blobs: no space left on device")
        if digest_of(data) != digest:
            raise Refused(400, f'digest mismatch, expected "{digest}", got "{digest_of(data)}"')
        self.blobs.keep(data)
        self.uploads += 1
        return web.Response(status=201)

    @staticmethod
    def _digest(request: web.Request) -> str:
        digest = request.match_info["digest"].replace("-", ":")
        if not is_digest(digest):
            raise Refused(400, "invalid digest format")
        return digest


async def body(request: web.Request) -> dict[str, Any]:
    """The JSON object that was sent. Raises Refused."""
    try:
        asked = await request.json()
    except ValueError:
        raise Refused(400, "missing request body") from None
    if not isinstance(asked, dict):
        raise Refused(400, "json: cannot unmarshal into an object")
    return asked


def named(asked: dict[str, Any]) -> str:
    """The model that a request names."""
    return str(asked.get("model") or asked.get("name") or "")
