"""The sandbox's people over HTTP, so that scripts and tests can act as them from outside. JSON in and out; a request
that can't be met is answered by 400 and `{"error": "<one sentence>"}`."""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from echo.sandbox.context import Context
from echo.sandbox.options import NotPossible
from echo.sandbox.people import People
from echo.sandbox.people_forms import answering, form_of, list_in, object_in, truth_in


class _PeopleApi:
    """The handlers; each gives what becomes the answer's JSON."""

    def __init__(self, people: People) -> None:
        self._people = people

    async def say(self, request: web.Request) -> object:
        optional = ("content", "reply_to", "attachments", "stickers", "poll", "voice")
        form = await form_of(request, "author", "channel", optional=optional)
        return await self._people.say(
            form["author"],
            form["channel"],
            form.get("content"),
            form.get("reply_to"),
            attachments=list_in(form, "attachments"),
            stickers=list_in(form, "stickers"),
            poll=form.get("poll"),
            voice=truth_in(form, "voice", False),
        )

    async def forward(self, request: web.Request) -> object:
        form = await form_of(request, "author", "message_id", "channel")
        return await self._people.forward(form["author"], form["message_id"], form["channel"])

    async def post(self, request: web.Request) -> object:
        form = await form_of(request, "author", "channel", "title", optional=("content", "attachments"))
        files = list_in(form, "attachments")
        return await self._people.post(
            form["author"], form["channel"], form["title"], form.get("content"), attachments=files
        )

    async def unfurl(self, request: web.Request) -> object:
        form = await form_of(request, "message_id", "url", "title", optional=("description",))
        return await self._people.unfurl(form["message_id"], form["url"], form["title"], form.get("description"))

    async def arrive(self, request: web.Request) -> object:
        form = await form_of(request, "name")
        return await self._people.arrive(form["name"])

    async def command(self, request: web.Request) -> object:
        form = await form_of(request, "author", "channel", "command", optional=("options",))
        options = object_in(form.get("options"), "options")
        return await self._people.command(form["author"], form["channel"], form["command"], options)

    async def autocomplete(self, request: web.Request) -> object:
        wanted = ("author", "channel", "command", "option")
        form = await form_of(request, *wanted, optional=("text", "options"))
        options = object_in(form.get("options"), "options")
        text = str(form.get("text") or "")
        return await self._people.autocomplete(
            form["author"], form["channel"], form["command"], str(form["option"]), text, options
        )

    async def press(self, request: web.Request) -> object:
        form = await form_of(request, "author", "message_id", "custom_id", optional=("values",))
        values = form.get("values")
        if values is not None and not isinstance(values, list):
            raise NotPossible("The field values must be a list.")
        return await self._people.press(form["author"], form["message_id"], form["custom_id"], values)

    async def modal(self, request: web.Request) -> object:
        form = await form_of(request, "author", "custom_id", "values")
        return await self._people.modal(form["author"], form["custom_id"], object_in(form["values"], "values"))

    async def messages(self, request: web.Request) -> object:
        unknown = sorted(set(request.query) - {"channel", "after", "viewer", "limit"})
        if unknown:
            raise NotPossible(f"There is no query parameter {unknown[0]}; there are: channel, after, viewer, limit.")
        if not request.query.get("channel"):
            raise NotPossible("Which channel? Give its name or id: ?channel=...")
        return self._people.messages(
            request.query["channel"],
            request.query.get("after") or None,
            request.query.get("viewer") or None,
            _limit(request.query.get("limit")),
        )

    async def letters(self, request: web.Request) -> object:
        if not request.query.get("author"):
            raise NotPossible("Whose? Give their name or id: ?author=...")
        return self._people.letters(request.query["author"])

    async def people(self, _: web.Request) -> object:
        return [person for person in self._people.people() if not person["bot"]]

    async def channels(self, _: web.Request) -> object:
        return self._people.channels()

    async def commands(self, _: web.Request) -> object:
        return self._people.commands()


def routes(ctx: Context) -> Iterable[web.RouteDef]:
    """The routes under `/sandbox/`."""
    api = _PeopleApi(People(ctx.world, ctx.interactions, ctx.clock))
    yield web.post("/sandbox/messages", answering(api.say))
    yield web.get("/sandbox/messages", answering(api.messages))
    yield web.post("/sandbox/forwards", answering(api.forward))
    yield web.post("/sandbox/posts", answering(api.post))
    yield web.post("/sandbox/cards", answering(api.unfurl))
    yield web.post("/sandbox/people", answering(api.arrive))
    yield web.post("/sandbox/commands", answering(api.command))
    yield web.get("/sandbox/commands", answering(api.commands))
    yield web.post("/sandbox/autocomplete", answering(api.autocomplete))
    yield web.post("/sandbox/press", answering(api.press))
    yield web.post("/sandbox/modal", answering(api.modal))
    yield web.get("/sandbox/letters", answering(api.letters))
    yield web.get("/sandbox/people", answering(api.people))
    yield web.get("/sandbox/channels", answering(api.channels))


def _limit(text: str | None) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= 100_000:
        raise NotPossible("The query parameter limit must be a whole number from 1 to 100000.")
    return int(text)
