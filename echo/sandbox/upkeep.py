"""What the sandbox's people change of what is there: messages edited and deleted, channels and threads opened, changed
and taken away, who may see them. Every method raises `NotPossible` for what Discord's client would not let them do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from echo.sandbox import payloads, presses
from echo.sandbox.acting import Acting
from echo.sandbox.history import PINNED, THREAD_CREATED, THREAD_STARTER
from echo.sandbox.options import NotPossible, find_person, find_place
from echo.sandbox.permissions import Permission
from echo.sandbox.records import CATEGORY, DM, KINDS, POSTS, PRIVATE_THREAD, Channel, Message, Overwrite, User
from echo.sandbox.views import View, channel_view, message_view

P = Permission
MOST_AT_ONCE: Final = 100
"""Messages that can be deleted at once."""
CHANNEL_KINDS: Final = ("text", "voice", "category", "announcement", "stage", "forum", "media")
LONGEST_CHANNEL_NAME: Final = 100
LONGEST_NAME: Final = 32


class Upkeep(Acting):
    """People who tidy up, open and close."""

    async def edit(self, author: object, message_id: object, content: object) -> View:
        """Writes one's own message anew. Gives it as `messages` does."""
        who, place, message = self._message_seen(author, message_id)
        if message.author_id != who.id:
            raise NotPossible(f"{who.display_name} did not write the message {message.id}, and can't edit it.")
        text = self._text(content)
        changed = self._world.edit_message(place.id, message.id, now=self._now(), content=text)
        return message_view(self._world, changed)

    async def delete(self, author: object, message_id: object) -> None:
        """Deletes a message: one's own, or anybody's with Manage Messages."""
        who, place, message = self._message_seen(author, message_id)
        if message.author_id != who.id:
            self._needing(author, place, P.MANAGE_MESSAGES)
        self._world.delete_message(place.id, message.id)

    async def delete_many(self, author: object, message_ids: Sequence[object]) -> int:
        """Deletes up to 100 messages of one channel at once, with Manage Messages; gives how many there were."""
        if not 1 <= len(message_ids) <= MOST_AT_ONCE:
            raise NotPossible(f"Name 1 to {MOST_AT_ONCE} messages to delete at once.")
        found = [self._find_message(presses.message_id(one)) for one in message_ids]
        places = {one.channel_id for one in found}
        if len(places) > 1:
            raise NotPossible("Messages that are deleted at once must be in one channel.")
        place = self._world.channels[places.pop()]
        self._needing(author, place, P.MANAGE_MESSAGES)
        self._world.delete_messages(place.id, list(dict.fromkeys(one.id for one in found)))
        return len({one.id for one in found})

    async def react(self, author: object, message_id: object, emoji: object, *, remove: bool = False) -> None:
        """Puts a Unicode emoji under a message, or takes one's own away again."""
        who, place, message = self._message_seen(author, message_id)
        if not isinstance(emoji, str) or not emoji.strip():
            raise NotPossible("Which emoji?")
        change = self._world.remove_reaction if remove else self._world.add_reaction
        change(place.id, message.id, who.id, emoji.strip())

    async def type(self, author: object, channel: object) -> None:
        """Begins to write in a channel."""
        place = find_place(self._world, channel)
        who = self._seeing(author, place)
        if not self._world.may_send(place.id, who.id):
            raise NotPossible(f"{who.display_name} may not write in #{place.name}.")
        self._world.start_typing(place.id, who.id, now=self._now())

    async def close_letters(self, author: object, *, closed: bool = True) -> None:
        """Takes no direct messages any more from members of the server, the bot among them, or takes them again."""
        self._person(author).is_closed = closed

    async def pin(self, author: object, message_id: object, *, pinned: bool = True) -> None:
        """Pins a message, or takes the pin away, with Manage Messages."""
        _, place, message = self._message_seen(author, message_id)
        who = self._needing(author, place, P.MANAGE_MESSAGES)
        self._world.pin(place.id, message.id, pinned=pinned)
        if pinned:
            self._world.post_message(place.id, who.id, "", now=self._now(), kind=PINNED, reply_to=message.id)

    async def create_channel(
        self,
        author: object,
        name: object,
        *,
        kind: str = "text",
        parent: object = None,
        topic: str | None = None,
        nsfw: bool = False,
        private: bool = False,
    ) -> View:
        """Opens a channel, with Manage Channels: `kind` is a name of `CHANNEL_KINDS`, `parent` a category."""
        who = self._person(author)
        if not self._world.guild_permissions(who.id) & P.MANAGE_CHANNELS:
            raise NotPossible(f"{who.display_name} may not open channels.")
        if kind not in CHANNEL_KINDS:
            raise NotPossible(f"There is no kind of channel called {kind}; there are: {', '.join(CHANNEL_KINDS)}.")
        above = None if parent is None else find_place(self._world, parent)
        if above is not None and above.kind != CATEGORY:
            raise NotPossible(f"#{above.name} is no category, which is what channels stand in.")
        named = _named(name, LONGEST_CHANNEL_NAME)
        hidden = [Overwrite(self._world.guild.id, 0, deny=int(P.VIEW_CHANNEL))] if private else []
        channel = self._world.create_channel(
            named,
            now=self._now(),
            kind=KINDS[kind],
            topic=topic,
            parent_id=None if above is None else above.id,
            nsfw=nsfw,
            overwrites=hidden,
        )
        return channel_view(channel)

    async def open_thread(
        self, author: object, channel: object, name: object, *, private: bool = False, message_id: object = None
    ) -> View:
        """Opens a thread in a channel, from one of its messages if one is named; for a forum see `post`."""
        place = find_place(self._world, channel)
        if place.is_thread or place.kind in (DM, CATEGORY, *POSTS):
            raise NotPossible(f"#{place.name} has no threads of this kind.")
        who = self._needing(author, place, P.CREATE_PRIVATE_THREADS if private else P.CREATE_PUBLIC_THREADS)
        start = None if message_id is None else self._start(place, message_id)
        thread = self._world.create_thread(
            place.id,
            _named(name, LONGEST_CHANNEL_NAME),
            who.id,
            now=self._now(),
            private=private,
            from_message=None if start is None else start.id,
        )
        self._tell_of(thread, place, who, start)
        return channel_view(thread)

    async def change_channel(self, author: object, channel: object, **changes: Any) -> View:
        """Sets `name`, `topic` or `nsfw` of a channel (with Manage Channels), or `name`, `archived` or `locked` of a
        thread (with Manage Threads; its owner may also archive it or give it another name)."""
        place = find_place(self._world, channel)
        known = ("name", "archived", "locked") if place.is_thread else ("name", "topic", "nsfw")
        unknown = next((one for one in changes if one not in known), None)
        if unknown is not None:
            raise NotPossible(f"#{place.name} has no {unknown}; what can be changed is: {', '.join(known)}.")
        owner = place.is_thread and self._person(author).id == place.owner_id and "locked" not in changes
        wanted = P.VIEW_CHANNEL if owner else P.MANAGE_THREADS if place.is_thread else P.MANAGE_CHANNELS
        self._needing(author, place, wanted)
        if "name" in changes:
            changes["name"] = _named(changes["name"], LONGEST_CHANNEL_NAME)
        for one in ("archived", "locked", "nsfw"):
            if not isinstance(changes.get(one, False), bool):
                raise NotPossible(f"The field {one} must be true or false.")
        return channel_view(self._world.modify_channel(place.id, now=self._now(), **changes))

    async def delete_channel(self, author: object, channel: object) -> None:
        """Takes a channel away with its threads (Manage Channels), or a thread (Manage Threads)."""
        place = find_place(self._world, channel)
        self._needing(author, place, P.MANAGE_THREADS if place.is_thread else P.MANAGE_CHANNELS)
        self._world.delete_channel(place.id)

    async def permit(
        self, author: object, channel: object, whom: object, *, allow: Iterable[str] = (), deny: Iterable[str] = ()
    ) -> None:
        """Sets what a role ("everyone" among them) or a member may more or less in a channel, with Manage Roles: names
        of permissions such as `read_message_history`. None of both takes the exception away."""
        place = find_place(self._world, channel)
        if place.is_thread or place.kind == DM:
            raise NotPossible(f"#{place.name} has no permissions of its own.")
        self._needing(author, place, P.MANAGE_ROLES)
        more, less = _bits(allow), _bits(deny)
        role = self._role(whom)
        number = find_person(self._world, whom).id if role is None else role
        if more | less:
            self._world.set_overwrite(place.id, Overwrite(number, int(role is None), more, less))
        elif number in place.overwrites:
            self._world.delete_overwrite(place.id, number)

    async def make_private(self, author: object, channel: object, *, private: bool = True) -> None:
        """Hides a channel from everyone who has no exception of their own, the bot among them, or shows it again."""
        await self.permit(author, channel, "everyone", deny=("view_channel",) if private else ())

    async def rename(self, author: object, name: object) -> View:
        """Gives oneself another name. Gives `id, name`."""
        who = self._person(author)
        renamed = self._world.rename(who.id, _named(name, LONGEST_NAME))
        return {"id": str(renamed.id), "name": renamed.display_name}

    def _tell_of(self, thread: Channel, place: Channel, who: User, start: Message | None) -> None:
        """Discord's own message about a new thread: in it where it starts from a message, else in its channel."""
        pointer = {"type": 0, "channel_id": str(thread.id), "guild_id": str(thread.guild_id)}
        if start is not None:
            whole = payloads.message(self._world, start, referenced=False)
            told = {**pointer, "channel_id": str(place.id), "message_id": str(start.id)}
            extra = {"message_reference": told, "referenced_message": whole}
            self._world.post_message(thread.id, who.id, "", now=self._now(), kind=THREAD_STARTER, extra=extra)
        elif thread.kind != PRIVATE_THREAD:
            extra = {"message_reference": pointer}
            self._world.post_message(place.id, who.id, thread.name, now=self._now(), kind=THREAD_CREATED, extra=extra)

    def _start(self, place: Channel, message_id: object) -> Message:
        message = self._find_message(presses.message_id(message_id))
        if message.channel_id != place.id or message.id in self._world.channels:
            raise NotPossible(f"No thread can start from the message {message.id} in #{place.name}.")
        return message

    def _role(self, whom: object) -> int | None:
        name = str(whom).strip().removeprefix("@").casefold()
        if name == "everyone":
            return self._world.guild.id
        roles = self._world.roles.values()
        return next((one.id for one in roles if name in (one.name.casefold(), str(one.id)) and not one.managed), None)


def _bits(names: Iterable[str]) -> int:
    found = 0
    for name in names:
        one = P.__members__.get(str(name).upper())
        if one is None:
            known = ", ".join(each.lower() for each in P.__members__)
            raise NotPossible(f"There is no permission called {str(name)[:40]}; there are: {known}.")
        found |= int(one)
    return found


def _named(name: object, longest: int) -> str:
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= longest:
        raise NotPossible(f"A name has 1 to {longest} characters.")
    return name.strip()
