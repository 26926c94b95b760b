"""What happens in the sandbox, as its people see it happen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from echo.sandbox.directory import Directory
from echo.sandbox.records import Dispatch
from echo.sandbox.views import View, message_view

_MESSAGES: Final = {"MESSAGE_CREATE": "message", "MESSAGE_UPDATE": "edited"}
_PLACES: Final = frozenset(
    {"CHANNEL_CREATE", "CHANNEL_UPDATE", "CHANNEL_DELETE", "THREAD_CREATE", "THREAD_UPDATE", "THREAD_DELETE"}
)
_MEMBERS: Final = frozenset({"GUILD_MEMBER_ADD", "GUILD_MEMBER_UPDATE", "GUILD_MEMBER_REMOVE"})


def update_of(world: Directory, dispatch: Dispatch) -> Iterator[View]:
    """What people see of a dispatch; each has a `type` and, where it happened in a channel, the `channel`'s id:

    `message` and `edited` (with the `message`, see `views.message_view`), `deleted` (`id`), `typing` (`author`),
    `channels` and `people` (those lists changed). `only_user` is the id of the one who sees it, None for all.
    """
    channel = None if dispatch.channel_id is None else str(dispatch.channel_id)
    seen: View = {"channel": channel, "only_user": None if dispatch.only_user is None else str(dispatch.only_user)}
    if dispatch.event in _MESSAGES and dispatch.channel_id is not None:
        message = world.message(dispatch.channel_id, int(dispatch.data["id"]))
        if message is not None:
            yield {**seen, "type": _MESSAGES[dispatch.event], "message": message_view(world, message)}
    elif dispatch.event in ("MESSAGE_DELETE", "MESSAGE_DELETE_BULK"):
        for gone in dispatch.data.get("ids") or (dispatch.data["id"],):
            yield {**seen, "type": "deleted", "id": gone}
    elif dispatch.event == "TYPING_START":
        who = world.users.get(int(dispatch.data["user_id"]))
        yield {**seen, "type": "typing", "author": who.display_name if who else "Deleted User"}
    elif dispatch.event in _PLACES:
        yield {**seen, "type": "channels"}
    elif dispatch.event in _MEMBERS:
        yield {**seen, "type": "people"}
