"""Discord's REST for answering interactions: callbacks, and the webhook that each interaction's token opens."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiohttp import web

from echo.sandbox import payloads
from echo.sandbox.answers import answer, body_with_files, invalid, nothing, required, unknown
from echo.sandbox.context import Context
from echo.sandbox.interaction_payloads import FILES, Json
from echo.sandbox.interactions import CHOICES, DEFERRED_MESSAGE, MESSAGE, MODAL, UPDATE, Interaction
from echo.sandbox.message_forms import message_form
from echo.sandbox.records import EPHEMERAL, Message

MOST_CHOICES = 25


class _Answers:
    """The handlers, over one sandbox's context."""

    def __init__(self, ctx: Context) -> None:
        self._world = ctx.world
        self._hub = ctx.interactions

    async def callback(self, request: web.Request) -> web.Response:
        form, files = await body_with_files(request)
        kind, data = form.get("type"), form.get("data") or {}
        if not isinstance(kind, int) or not isinstance(data, dict):
            raise required("type") if kind is None else invalid("data", "DICT_TYPE_CONVERT", "Only dictionaries.")
        data[FILES] = files
        _check_answer(kind, data)
        number = request.match_info["interaction_id"]
        if not number.isdecimal():
            raise unknown("Interaction")
        interaction = self._hub.callback(int(number), request.match_info["token"], kind, data)
        if request.query.get("with_response", "").lower() not in ("true", "1"):
            return nothing()
        return answer(self._response(interaction))

    async def follow_up(self, request: web.Request) -> web.Response:
        interaction = self._interaction(request)
        form = await _with_files(request)
        return answer(self._shown(self._hub.follow_up(interaction, form)))

    async def get(self, request: web.Request) -> web.Response:
        return answer(self._shown(self._hub.message(self._interaction(request), _message_id(request))))

    async def edit(self, request: web.Request) -> web.Response:
        interaction = self._interaction(request)
        form = await _with_files(request)
        return answer(self._shown(self._hub.edit(interaction, _message_id(request), form)))

    async def delete(self, request: web.Request) -> web.Response:
        self._hub.delete(self._interaction(request), _message_id(request))
        return nothing()

    def _interaction(self, request: web.Request) -> Interaction:
        return self._hub.by_token(request.match_info["token"])

    def _shown(self, message: Message) -> dict[str, Any]:
        return payloads.message(self._world, message)

    def _response(self, interaction: Interaction) -> dict[str, Any]:
        place = self._world.channels[interaction.channel_id]
        about: dict[str, Any] = {
            "id": str(interaction.id),
            "type": interaction.kind,
            "channel_id": str(interaction.channel_id),
        }
        if place.guild_id is not None:
            about["guild_id"] = str(place.guild_id)
        message = None
        if interaction.original is not None:
            message = self._world.message(interaction.channel_id, interaction.original)
        if message is None:
            return {"interaction": about}
        about |= {
            "response_message_id": str(message.id),
            "response_message_loading": interaction.answer == DEFERRED_MESSAGE,
            "response_message_ephemeral": bool(message.flags & EPHEMERAL),
        }
        if interaction.answer not in (MESSAGE, UPDATE):
            return {"interaction": about}
        return {"interaction": about, "resource": {"type": interaction.answer, "message": self._shown(message)}}


def routes(ctx: Context) -> Iterable[web.RouteDef]:
    """All routes of this module. They must stand before those of ordinary webhooks: the application's own id in a
    webhook's place is what tells them apart."""
    handlers = _Answers(ctx)
    own = f"/webhooks/{{application_id:{ctx.world.application_id}}}/{{token}}"
    yield web.post("/interactions/{interaction_id}/{token}/callback", handlers.callback)
    yield web.post(own, handlers.follow_up)
    yield web.get(f"{own}/messages/{{message_id}}", handlers.get)
    yield web.patch(f"{own}/messages/{{message_id}}", handlers.edit)
    yield web.delete(f"{own}/messages/{{message_id}}", handlers.delete)


async def _with_files(request: web.Request) -> dict[str, Any]:
    """The body of a message, with its files under FILES. Raises `Refusal`."""
    form, files = await body_with_files(request)
    message_form(form)
    return {**form, FILES: files}


def _message_id(request: web.Request) -> int | None:
    text = request.match_info["message_id"]
    if text == "@original":
        return None
    if not text.isdecimal():
        raise unknown("Message")
    return int(text)


def _check_answer(kind: int, data: Json) -> None:
    if kind in (MESSAGE, UPDATE):
        message_form(data)
    elif kind == CHOICES and len(data.get("choices") or ()) > MOST_CHOICES:
        raise invalid("data.choices", "BASE_TYPE_BAD_LENGTH", "Must be 25 or fewer in length.")
    elif kind == MODAL:
        for name, longest in (("custom_id", 100), ("title", 45)):
            if not 1 <= len(str(data.get(name) or "")) <= longest:
                raise invalid(f"data.{name}", "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {longest} in length.")
        if not data.get("components"):
            raise required("data.components")
