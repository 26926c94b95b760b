"""What can be done with messages in the sandbox's world. Every act tells the subscribers, once, as a `Dispatch`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypedDict, Unpack

from echo.sandbox import payloads
from echo.sandbox.components import as_answered
from echo.sandbox.directory import Directory
from echo.sandbox.files import Attachment, Upload
from echo.sandbox.history import PINNED, PLAIN, REPLY
from echo.sandbox.mentions import named_in, pings_replied
from echo.sandbox.permissions import Permission
from echo.sandbox.records import DM, EPHEMERAL, Channel, Dispatch, Guild, Message, Reaction, User, Webhook
from echo.sandbox.snowflakes import snowflake_at

NONCE_LIFE = 300.0
"""Seconds for which an enforced nonce stands for the message that it came with ("the past few minutes")."""

_CHANGES_NOTHING = ("MESSAGE_CREATE", "TYPING_START")
"""Events after which all that was there before is as it was."""
Json = Mapping[str, Any]
Subscriber = Callable[[Dispatch], None]


class Fields(TypedDict, total=False):
    """What else a message may have; everything left out is empty.

    `reply_to` is the id of the message of the same channel that it answers; `kind` Discord's message type, by default
    that of an ordinary message or of an answer. `author_name` and `avatar` (the address of a picture) are what a
    webhook gives itself out for. `webhook_id` marks an interaction's answer: it is the application's id.
    `interaction` is Discord JSON that goes into the payload as it is (`interaction`, `interaction_metadata`, ...), and
    so is what `extra` holds (a poll, stickers, ...; see `kinds`). `message_id` is for an id that must be a certain one.
    """

    reply_to: int | None
    embeds: Iterable[Json]
    components: Iterable[Json]
    attachments: Iterable[Attachment]
    extra: Json
    allowed_mentions: Json | None
    flags: int
    nonce: str | int | None
    enforce_nonce: bool
    tts: bool
    interaction: Json | None
    kind: int | None
    author_name: str | None
    avatar: str | None
    webhook_id: int | None
    only_user: int | None
    message_id: int


class Talk(Directory):
    """The directory, plus all acts on messages. Nothing here asks for permissions: who calls does."""

    def __init__(self, guild: Guild, bot: User) -> None:
        super().__init__(guild, bot)
        self._subscribers: list[Subscriber] = []
        self._nonces: dict[tuple[int, int, str], tuple[int, float]] = {}
        self.version = 0
        """Counts the changes after which what was there may look different."""

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Calls back for everything that happens from now on; the answer ends that."""
        self._subscribers.append(callback)
        return lambda: self._subscribers.remove(callback)

    def emit(self, event: str, data: Json, channel: Channel | None = None, only_user: int | None = None) -> None:
        """Tells every subscriber of a gateway event; with `channel`, of one that happened there."""
        if event not in _CHANGES_NOTHING:
            self.version += 1
        guild_id = self.guild.id if channel is None else channel.guild_id
        dispatch = Dispatch(event, data, guild_id, None if channel is None else channel.id, only_user)
        for callback in tuple(self._subscribers):
            callback(dispatch)

    def post_message(
        self, channel_id: int, author: int | Webhook, content: str, *, now: float, **fields: Unpack[Fields]
    ) -> Message:
        """Says something in a channel, as a user (their id) or through a webhook, and gives the message.

        With the EPHEMERAL flag the message is in no history and only `only_user` is told. A nonce that is enforced
        and known gives the earlier message, and nothing happens. Raises KeyError for no such channel.
        """
        channel = self.channels[channel_id]
        author_id = author.id if isinstance(author, Webhook) else author
        nonce = fields.get("nonce")
        if nonce is not None and fields.get("enforce_nonce"):
            earlier = self._by_nonce(channel_id, author_id, nonce, now)
            if earlier is not None:
                return earlier
        number = fields.get("message_id") or self.ids.next(now)
        message = _composed(number, channel_id, author, content, fields)
        self._ping(message, channel, fields.get("allowed_mentions"))
        self._keep(message, channel, now)
        return message

    def remember(
        self, channel_id: int, author: int | Webhook, content: str, *, at: float, **fields: Unpack[Fields]
    ) -> Message:
        """Puts a message into the channel's past, to the time `at`, as if it had always been there: nobody is told.

        Raises KeyError for no such channel.
        """
        channel = self.channels[channel_id]
        number = snowflake_at(at)
        while number in self.messages[channel_id]:
            number += 1
        self.ids.observe(number)
        message = _composed(number, channel_id, author, content, fields)
        self._ping(message, channel, fields.get("allowed_mentions"))
        self.messages[channel_id].add(message)
        channel.last_message_id = self.messages[channel_id].last_id
        self.version += 1
        return message

    def keep_file(self, channel_id: int, upload: Upload, *, now: float, ephemeral: bool = False) -> Attachment:
        """Keeps an uploaded file; it can be fetched from then on, and go with a message."""
        found = Attachment(self.ids.next(now), channel_id, upload, ephemeral)
        self.files[found.id] = found
        return found

    def unfurl(self, channel_id: int, message_id: int, embeds: Iterable[Json]) -> Message:
        """Puts embeds under a message, as Discord does once it has read its links: that is told as an update, but is no
        edit. Raises KeyError if there is no such message."""
        message = self._existing(channel_id, message_id)
        message.embeds = (*message.embeds, *_shown_embeds(embeds))
        self._announce("MESSAGE_UPDATE", message, self.channels[channel_id])
        return message

    def edit_message(
        self,
        channel_id: int,
        message_id: int,
        *,
        now: float,
        content: str | None = None,
        embeds: Iterable[Json] | None = None,
        components: Iterable[Json] | None = None,
        attachments: Iterable[Attachment] | None = None,
        allowed_mentions: Json | None = None,
        flags: int | None = None,
    ) -> Message:
        """Changes what is given of a message; None leaves as it is. Raises KeyError if there is no such message."""
        message = self._existing(channel_id, message_id)
        channel = self.channels[channel_id]
        if content is not None:
            message.content = content
            self._ping(message, channel, allowed_mentions)
        if embeds is not None:
            message.embeds = _shown_embeds(embeds)
        if components is not None:
            message.components = tuple(as_answered(components))
        if attachments is not None:
            message.attachments = tuple(attachments)
        if flags is not None:
            message.flags = flags | message.flags & EPHEMERAL
        message.edited_at = now
        self._announce("MESSAGE_UPDATE", message, channel)
        return message

    def delete_message(self, channel_id: int, message_id: int) -> Message:
        """Takes a message away. Raises KeyError if there is no such message."""
        message = self._existing(channel_id, message_id)
        channel = self.channels[channel_id]
        self.ephemeral.pop(message_id, None)
        self.messages[channel_id].remove(message_id)
        if message_id in channel.pins:
            channel.pins.remove(message_id)
        data = _place({"id": str(message_id)}, channel)
        self.emit("MESSAGE_DELETE", data, channel, message.only_user)
        return message

    def delete_messages(self, channel_id: int, message_ids: Sequence[int]) -> None:
        """Takes several messages away at once; ids that are not there are passed over."""
        channel = self.channels[channel_id]
        gone = [one for one in message_ids if self.messages[channel_id].remove(one) is not None]
        channel.pins = [one for one in channel.pins if one not in gone]
        if gone:
            self.emit("MESSAGE_DELETE_BULK", _place({"ids": [str(one) for one in gone]}, channel), channel)

    def start_typing(self, channel_id: int, user_id: int, *, now: float) -> None:
        """Shows for ten seconds that somebody is typing."""
        channel = self.channels[channel_id]
        data: dict[str, Any] = {"user_id": str(user_id), "timestamp": int(now)}
        if user_id in self.members:
            data["member"] = payloads.member(self, self.members[user_id])
        self.emit("TYPING_START", _place(data, channel), channel)

    def add_reaction(
        self, channel_id: int, message_id: int, user_id: int, emoji: str, emoji_id: int | None = None
    ) -> None:
        """Puts an emoji under a message; a second time by the same user changes nothing. Raises KeyError as above."""
        message = self._existing(channel_id, message_id)
        reaction = self.reaction(message, emoji, emoji_id)
        if reaction is None:
            reaction = Reaction(emoji, emoji_id)
            message.reactions.append(reaction)
        if user_id not in reaction.users:
            reaction.users.append(user_id)
            self._tell_reaction("MESSAGE_REACTION_ADD", message, reaction, user_id)

    def remove_reaction(
        self, channel_id: int, message_id: int, user_id: int, emoji: str, emoji_id: int | None = None
    ) -> None:
        """Takes a user's emoji away again; nothing happens if it was not there. Raises KeyError as above."""
        message = self._existing(channel_id, message_id)
        reaction = self.reaction(message, emoji, emoji_id)
        if reaction is None or user_id not in reaction.users:
            return
        reaction.users.remove(user_id)
        if not reaction.users:
            message.reactions.remove(reaction)
        self._tell_reaction("MESSAGE_REACTION_REMOVE", message, reaction, user_id)

    def clear_reactions(
        self, channel_id: int, message_id: int, emoji: str | None = None, emoji_id: int | None = None
    ) -> None:
        """Takes all emoji (or all of one) away from a message. Raises KeyError as above."""
        message = self._existing(channel_id, message_id)
        channel = self.channels[channel_id]
        data = _place({"message_id": str(message_id)}, channel)
        if emoji is None:
            message.reactions.clear()
            self.emit("MESSAGE_REACTION_REMOVE_ALL", data, channel)
            return
        gone = self.reaction(message, emoji, emoji_id)
        if gone is not None:
            message.reactions.remove(gone)
            self.emit("MESSAGE_REACTION_REMOVE_EMOJI", {**data, "emoji": payloads.emoji(gone)}, channel)

    def pin(self, channel_id: int, message_id: int, *, pinned: bool) -> None:
        """Pins or unpins a message. Raises KeyError as above."""
        message = self._existing(channel_id, message_id)
        channel = self.channels[channel_id]
        message.pinned = pinned
        channel.pins = [one for one in channel.pins if one != message_id] + [message_id] * pinned
        self._announce("MESSAGE_UPDATE", message, channel)
        self.emit("CHANNEL_PINS_UPDATE", _place({"last_pin_timestamp": None}, channel), channel)

    @staticmethod
    def reaction(message: Message, emoji: str, emoji_id: int | None = None) -> Reaction | None:
        """The reaction of that emoji under the message, if any."""
        found = (r for r in message.reactions if (r.emoji_id == emoji_id if emoji_id else r.name == emoji))
        return next(found, None)

    def _existing(self, channel_id: int, message_id: int) -> Message:
        found = self.message(channel_id, message_id)
        if found is None:
            raise KeyError(message_id)
        return found

    def _keep(self, message: Message, channel: Channel, now: float) -> None:
        if message.flags & EPHEMERAL:
            self.ephemeral[message.id] = message
        else:
            self.messages[channel.id].add(message)
            channel.last_message_id = message.id
        if message.nonce is not None:
            self._nonces = {key: known for key, known in self._nonces.items() if now - known[1] <= NONCE_LIFE}
            self._nonces[channel.id, message.author_id, str(message.nonce)] = (message.id, now)
        self._announce("MESSAGE_CREATE", message, channel)

    def _announce(self, event: str, message: Message, channel: Channel) -> None:
        data = payloads.message(self, message)
        if message.author_id in self.members and channel.kind != DM:
            data["member"] = payloads.member_without_user(self.members[message.author_id])
        self.emit(event, _place(data, channel), channel, message.only_user)

    def _by_nonce(self, channel_id: int, author_id: int, nonce: str | int, now: float) -> Message | None:
        known = self._nonces.get((channel_id, author_id, str(nonce)))
        if known is None or now - known[1] > NONCE_LIFE:
            return None
        return self.message(channel_id, known[0])

    def _ping(self, message: Message, channel: Channel, allowed: Json | None) -> None:
        named = named_in(message.content, allowed)
        users = [who for who in named.users if who in self.users]
        replied = message.reply_to if message.kind != PINNED else None
        answered = self.glance(channel.id, replied) if replied else None
        if answered is not None and pings_replied(allowed) and answered.author_id in self.users:
            users = list(dict.fromkeys((*users, answered.author_id)))
        loud = message.webhook_id is not None or self.may(channel.id, message.author_id, Permission.MENTION_EVERYONE)
        message.mentions = tuple(users)
        message.mention_everyone = named.everyone and loud
        message.mention_roles = tuple(
            one for one in named.roles if one in self.roles and (loud or self.roles[one].mentionable)
        )

    def _tell_reaction(self, event: str, message: Message, reaction: Reaction, user_id: int) -> None:
        channel = self.channels[message.channel_id]
        data: dict[str, Any] = {
            "user_id": str(user_id),
            "message_id": str(message.id),
            "emoji": payloads.emoji(reaction),
            "burst": False,
            "type": 0,
        }
        if event == "MESSAGE_REACTION_ADD":
            data["message_author_id"] = str(message.author_id)
            if user_id in self.members:
                data["member"] = payloads.member(self, self.members[user_id])
        self.emit(event, _place(data, channel), channel)


def _composed(message_id: int, channel_id: int, author: int | Webhook, content: str, fields: Fields) -> Message:
    webhook = author if isinstance(author, Webhook) else None
    reply_to, kind, flags = fields.get("reply_to"), fields.get("kind"), fields.get("flags", 0)
    return Message(
        id=message_id,
        channel_id=channel_id,
        author_id=author.id if isinstance(author, Webhook) else author,
        content=content,
        kind=kind if kind is not None else PLAIN if reply_to is None else REPLY,
        reply_to=reply_to,
        webhook_id=webhook.id if webhook else fields.get("webhook_id"),
        author_name=fields.get("author_name") or (webhook.name if webhook else None),
        avatar=fields.get("avatar"),
        embeds=_shown_embeds(fields.get("embeds", ())),
        components=tuple(as_answered(fields.get("components", ()))),
        attachments=tuple(fields.get("attachments", ())),
        flags=flags,
        tts=fields.get("tts", False),
        nonce=fields.get("nonce"),
        only_user=fields.get("only_user") if flags & EPHEMERAL else None,
        extra={**(fields.get("interaction") or {}), **fields.get("extra", {})} or None,
    )


def _shown_embeds(embeds: Iterable[Json]) -> tuple[Json, ...]:
    return tuple({"type": "rich", **embed} for embed in embeds)


def _place(data: dict[str, Any], channel: Channel) -> dict[str, Any]:
    data["channel_id"] = str(channel.id)
    if channel.guild_id is not None:
        data["guild_id"] = str(channel.guild_id)
    return data
