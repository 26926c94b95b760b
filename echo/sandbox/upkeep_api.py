"""What the sandbox's people change, over HTTP (see `upkeep.Upkeep`): in the same style as the rest of their API."""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from echo.sandbox.context import Context
from echo.sandbox.people import People
from echo.sandbox.people_forms import answering, form_of, list_in, truth_in

_CHANGES = ("name", "topic", "nsfw", "archived", "locked")


class _UpkeepApi:
    """The handlers; each gives what becomes the answer's JSON."""

    def __init__(self, people: People) -> None:
        self._people = people

    async def edit(self, request: web.Request) -> object:
        form = await form_of(request, "author", "message_id", "content")
        return await self._people.edit(form["author"], form["message_id"], form["content"])

    async def delete(self, request: web.Request) -> object:
        form = await form_of(request, "author", "message_id")
        await self._people.delete(form["author"], form["message_id"])
        return {"deleted": 1}

    async def purge(self, request: web.Request) -> object:
        form = await form_of(request, "author", "message_ids")
        return {"deleted": await self._people.delete_many(form["author"], list_in(form, "message_ids"))}

    async def react(self, request: web.Request) -> object:
        form = await form_of(request, "author", "message_id", "emoji", optional=("remove",))
        remove = truth_in(form, "remove", False)
        await self._people.react(form["author"], form["message_id"], form["emoji"], remove=remove)
        return {}

    async def type(self, request: web.Request) -> object:
        form = await form_of(request, "author", "channel")
        await self._people.type(form["author"], form["channel"])
        return {}

    async def close_letters(self, request: web.Request) -> object:
        form = await form_of(request, "author", optional=("closed",))
        await self._people.close_letters(form["author"], closed=truth_in(form, "closed", True))
        return {}

    async def pin(self, request: web.Request) -> object:
        form = await form_of(request, "author", "message_id", optional=("pinned",))
        await self._people.pin(form["author"], form["message_id"], pinned=truth_in(form, "pinned", True))
        return {}

    async def create_channel(self, request: web.Request) -> object:
        optional = ("kind", "parent", "topic", "nsfw", "private")
        form = await form_of(request, "author", "name", optional=optional)
        return await self._people.create_channel(
            form["author"],
            form["name"],
            kind=str(form.get("kind", "text")),
            parent=form.get("parent"),
            topic=None if form.get("topic") is None else str(form["topic"]),
            nsfw=truth_in(form, "nsfw", False),
            private=truth_in(form, "private", False),
        )

    async def open_thread(self, request: web.Request) -> object:
        form = await form_of(request, "author", "channel", "name", optional=("private", "message_id"))
        return await self._people.open_thread(
            form["author"],
            form["channel"],
            form["name"],
            private=truth_in(form, "private", False),
            message_id=form.get("message_id"),
        )

    async def change_channel(self, request: web.Request) -> object:
        form = await form_of(request, "author", "channel", optional=_CHANGES)
        changes = {name: form[name] for name in _CHANGES if name in form}
        return await self._people.change_channel(form["author"], form["channel"], **changes)

    async def delete_channel(self, request: web.Request) -> object:
        form = await form_of(request, "author", "channel")
        await self._people.delete_channel(form["author"], form["channel"])
        return {}

    async def permit(self, request: web.Request) -> object:
        form = await form_of(request, "author", "channel", "whom", optional=("allow", "deny"))
        allow, deny = list_in(form, "allow"), list_in(form, "deny")
        await self._people.permit(form["author"], form["channel"], form["whom"], allow=allow, deny=deny)
        return {}

    async def rename(self, request: web.Request) -> object:
        form = await form_of(request, "author", "name")
        return await self._people.rename(form["author"], form["name"])


def routes(ctx: Context) -> Iterable[web.RouteDef]:
    """The routes under `/sandbox/`."""
    api = _UpkeepApi(People(ctx.world, ctx.interactions, ctx.clock))
    yield web.post("/sandbox/edit", answering(api.edit))
    yield web.post("/sandbox/delete", answering(api.delete))
    yield web.post("/sandbox/purge", answering(api.purge))
    yield web.post("/sandbox/reactions", answering(api.react))
    yield web.post("/sandbox/pins", answering(api.pin))
    yield web.post("/sandbox/typing", answering(api.type))
    yield web.post("/sandbox/closed", answering(api.close_letters))
    yield web.post("/sandbox/channels", answering(api.create_channel))
    yield web.post("/sandbox/threads", answering(api.open_thread))
    yield web.post("/sandbox/change", answering(api.change_channel))
    yield web.post("/sandbox/remove", answering(api.delete_channel))
    yield web.post("/sandbox/permissions", answering(api.permit))
    yield web.post("/sandbox/rename", answering(api.rename))
