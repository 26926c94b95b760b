"""Interactions from the person's act to the bot's last word: the deadline, the answer, its edits and its follow-ups.

Source of codes, types and limits: Discord API reference, "Receiving and Responding" and "Opcodes and Status Codes".
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from echo.sandbox import interaction_payloads as describe
from echo.sandbox.answers import Refusal, invalid, unknown
from echo.sandbox.commands import CommandRegistry
from echo.sandbox.interaction_payloads import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL_SUBMIT, Json
from echo.sandbox.records import EPHEMERAL, Message
from echo.sandbox.world import World

PONG, MESSAGE, DEFERRED_MESSAGE, DEFERRED_UPDATE, UPDATE, CHOICES, MODAL = 1, 4, 5, 6, 7, 8, 9
"""Types of callbacks: how an interaction may be answered at first."""
FITTING: Final = {
    COMMAND: frozenset({MESSAGE, DEFERRED_MESSAGE, MODAL}),
    COMPONENT: frozenset({MESSAGE, DEFERRED_MESSAGE, DEFERRED_UPDATE, UPDATE, MODAL}),
    AUTOCOMPLETE: frozenset({CHOICES}),
    MODAL_SUBMIT: frozenset({MESSAGE, DEFERRED_MESSAGE, DEFERRED_UPDATE, UPDATE}),
}
DEADLINE: Final = 3.0
"""Seconds in which an interaction must be answered for the first time."""
LIFETIME: Final = 900.0
"""Seconds for which an interaction's token is good."""
QUIET: Final = 0.1
"""Seconds without a further word from the bot after which its answer counts as whole: nothing on the wire says so."""
PATIENCE: Final = 1.0
"""The same after a deferred update, which promises nothing and yet is usually kept by an edit."""
LOADING: Final = 1 << 7
"""The message flag of "is thinking ..."."""
KEPT_FLAGS: Final = 1 << 2 | 1 << 6 | 1 << 12 | 1 << 15
"""The message flags that an answer may set: suppressed embeds, ephemeral, silent, components v2."""
NOT_RESPONDED: Final = "The application did not respond"
SLASH_KIND, MENU_KIND = 20, 23
"""Types of messages that answer a slash command and a context menu."""
_NO_REPLY_PING: Final = {"parse": ["users", "roles", "everyone"], "replied_user": False}


@dataclass(slots=True, eq=False)
class Interaction:
    """One act of a person, and what came of it.

    `source` is the message whose component was used, or from which a modal came. `answer` is the type of the first
    callback. `original` is the id of the message that `@original` means. `said` holds the ids of all messages that
    it made or changed, in order. `over` means that nothing more is to be waited for.
    """

    id: int
    token: str
    kind: int
    user_id: int
    channel_id: int
    data: Json
    begun: float
    source: Message | None = None
    opened_by: Json | None = None
    answer: int | None = None
    original: int | None = None
    said: list[int] = field(default_factory=list)
    modal: Json | None = None
    choices: list[Json] = field(default_factory=list)
    fulfilled: bool = False
    failed: bool = False
    over: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)
    alarm: asyncio.TimerHandle | None = None

    @property
    def name(self) -> str:
        """The command's whole name, with its subcommands; empty for what is no command."""
        words, level = [str(self.data.get("name", ""))], self.data
        while level.get("options") and level["options"][0]["type"] in (1, 2):
            level = level["options"][0]
            words.append(str(level["name"]))
        return " ".join(words)


class InteractionHub:
    """All interactions of the last quarter of an hour, and the commands by which they can begin.

    `forms` holds the modals that are open: by person and custom id, the interaction that opened each.
    """

    def __init__(
        self,
        world: World,
        send: Callable[[str, Json], None],
        now: Callable[[], float],
        *,
        deadline: float = DEADLINE,
        lifetime: float = LIFETIME,
        quiet: float = QUIET,
    ) -> None:
        """`send` dispatches a gateway event to the bot; `now` is in seconds since the epoch, the rest in seconds."""
        self._world = world
        self._send = send
        self._now = now
        self._deadline = deadline
        self._lifetime = lifetime
        self._quiet = quiet
        self._interactions: dict[int, Interaction] = {}
        self.commands = CommandRegistry(world.application_id, lambda: world.ids.next(now()))
        self.forms: dict[tuple[int, str], Interaction] = {}

    def begin(
        self,
        kind: int,
        user_id: int,
        channel_id: int,
        data: Json,
        *,
        source: Message | None = None,
        opened_by: Json | None = None,
    ) -> Interaction:
        """Tells the bot of a person's act and starts the deadline. Needs a running event loop."""
        now = self._now()
        self._forget_old(now)
        token = secrets.token_urlsafe(48)
        begun = Interaction(
            self._world.ids.next(now), token, kind, user_id, channel_id, data, now, source=source, opened_by=opened_by
        )
        self._interactions[begun.id] = begun
        begun.alarm = asyncio.get_running_loop().call_later(self._deadline, self._miss, begun)
        self._send(
            "INTERACTION_CREATE",
            describe.interaction(
                self._world,
                interaction_id=begun.id,
                token=token,
                kind=kind,
                user_id=user_id,
                channel_id=channel_id,
                data=data,
                message=source,
            ),
        )
        return begun

    async def settled(self, interaction: Interaction) -> None:
        """Returns once the interaction is answered: deferred answers given, and the bot quiet for a moment."""
        while not interaction.over:
            interaction.news.clear()
            try:
                async with asyncio.timeout(self._patience(interaction)):
                    await interaction.news.wait()
            except TimeoutError:
                return

    def metadata(self, interaction: Interaction) -> Json:
        """What messages that come of this interaction say about it."""
        pressed = interaction.source.id if interaction.kind == COMPONENT and interaction.source else None
        target = interaction.data.get("target_id")
        return describe.metadata(
            self._world,
            interaction_id=interaction.id,
            kind=interaction.kind,
            user_id=interaction.user_id,
            guild_id=self._world.channels[interaction.channel_id].guild_id,
            target_id=None if target is None else int(target),
            pressed=pressed,
            triggering=interaction.opened_by,
        )

    def callback(self, interaction_id: int, token: str, kind: int, data: Json) -> Interaction:
        """The bot's first answer. Raises `Refusal`: unknown, late, given twice, of the wrong type, empty."""
        found = self._interactions.get(interaction_id)
        if found is None or not secrets.compare_digest(found.token, token) or found.failed:
            raise unknown("Interaction")
        if found.answer is not None:
            raise Refusal(400, 40060, "Interaction has already been acknowledged.")
        if kind not in FITTING[found.kind] or (kind in (DEFERRED_UPDATE, UPDATE) and found.source is None):
            raise invalid("type", "INTERACTION_RESPONSE_TYPE_INVALID", "This type does not answer such an interaction.")
        self._answer(found, kind, data)
        found.answer = kind
        found.over = kind in (CHOICES, MODAL)
        self._set_alarm(found)
        found.news.set()
        return found

    def by_token(self, token: str) -> Interaction:
        """The answered interaction of this token. Raises `Refusal` for others, and after its lifetime."""
        found = next((one for one in self._interactions.values() if secrets.compare_digest(one.token, token)), None)
        if found is None or found.answer is None:
            raise unknown("Webhook")
        if self._now() - found.begun > self._lifetime:
            raise Refusal(401, 50027, "Invalid Webhook Token")
        return found

    def follow_up(self, interaction: Interaction, data: Json) -> Message:
        """A further message; the first one after a deferred answer is that answer."""
        if interaction.answer == DEFERRED_MESSAGE and not interaction.fulfilled:
            return self.edit(interaction, self._original(interaction).id, data)
        return self._post(interaction, data, int(data.get("flags") or 0), reply_to=interaction.original)

    def message(self, interaction: Interaction, message_id: int | None) -> Message:
        """A message of this interaction, None being the original answer. Raises `Refusal` if unknown."""
        if message_id is None:
            return self._original(interaction)
        found = self._world.message(interaction.channel_id, message_id)
        if found is None or message_id not in (*interaction.said, interaction.original):
            raise unknown("Message")
        return found

    def edit(self, interaction: Interaction, message_id: int | None, data: Json) -> Message:
        """Changes such a message; a deferred answer becomes a real one by it."""
        message = self.message(interaction, message_id)
        self._change(interaction, message, data)
        if message.id == interaction.original:
            interaction.fulfilled = True
        interaction.news.set()
        return message

    def delete(self, interaction: Interaction, message_id: int | None) -> None:
        """Takes such a message away."""
        message = self.message(interaction, message_id)
        self._world.delete_message(message.channel_id, message.id)
        if message.id in interaction.said:
            interaction.said.remove(message.id)
        if message.id == interaction.original:
            interaction.fulfilled = True
        interaction.news.set()

    def close(self) -> None:
        """Stops all clocks; who waits is let go."""
        for one in self._interactions.values():
            self._end(one)

    def _answer(self, interaction: Interaction, kind: int, data: Json) -> None:
        if kind in (MESSAGE, DEFERRED_MESSAGE):
            flags = int(data.get("flags") or 0)
            deferred = kind == DEFERRED_MESSAGE
            reply_to = interaction.source.id if interaction.source is not None else None
            message = self._post(interaction, {} if deferred else data, flags, reply_to=reply_to, loading=deferred)
            interaction.original = message.id
            interaction.fulfilled = not deferred
        elif kind in (DEFERRED_UPDATE, UPDATE) and interaction.source is not None:
            interaction.original = interaction.source.id
            if kind == UPDATE:
                self._change(interaction, interaction.source, data)
                interaction.fulfilled = True
            else:
                interaction.said.append(interaction.source.id)
        elif kind == MODAL:
            interaction.modal = data
        else:
            interaction.choices = list(data.get("choices") or ())

    def _post(
        self, interaction: Interaction, data: Json, flags: int, *, reply_to: int | None, loading: bool = False
    ) -> Message:
        if not loading:
            describe.refuse_empty(data)
        about: dict[str, Any] = {"interaction_metadata": self.metadata(interaction)}
        kind = None
        if interaction.kind == COMMAND and interaction.original is None:
            kind = SLASH_KIND if interaction.data.get("type", 1) == 1 else MENU_KIND
            about["interaction"] = describe.legacy(
                self._world, interaction_id=interaction.id, name=interaction.name, user_id=interaction.user_id
            )
        elif interaction.original is not None:
            about["interaction_metadata"] |= {"original_response_message_id": str(interaction.original)}
        message = self._world.post_message(
            interaction.channel_id,
            self._world.bot.id,
            data.get("content") or "",
            now=self._now(),
            reply_to=reply_to,
            embeds=data.get("embeds") or (),
            components=data.get("components") or (),
            attachments=describe.kept_files(self._world, interaction.channel_id, data, self._now()),
            allowed_mentions=data.get("allowed_mentions") or _NO_REPLY_PING,
            flags=flags & KEPT_FLAGS | (LOADING if loading else 0),
            tts=bool(data.get("tts")),
            interaction=about,
            kind=kind,
            webhook_id=self._world.application_id,
            only_user=interaction.user_id if flags & EPHEMERAL else None,
        )
        interaction.said.append(message.id)
        interaction.news.set()
        return message

    def _change(self, interaction: Interaction, message: Message, data: Json) -> None:
        given = {key: data[key] if data[key] is not None else () for key in ("embeds", "components") if key in data}
        files = describe.kept_files(self._world, interaction.channel_id, data, self._now())
        given |= {"attachments": files} if files else {}
        content = (data["content"] or "") if "content" in data else None
        if message.flags & LOADING:
            describe.refuse_empty(data)
        flags = (message.flags | int(data.get("flags") or 0) & KEPT_FLAGS & ~EPHEMERAL) & ~LOADING
        self._world.edit_message(
            message.channel_id,
            message.id,
            now=self._now(),
            content=content,
            allowed_mentions=data.get("allowed_mentions") or _NO_REPLY_PING,
            flags=flags,
            **given,
        )
        if message.id not in interaction.said:
            interaction.said.append(message.id)

    def _original(self, interaction: Interaction) -> Message:
        known = interaction.original
        found = None if known is None else self._world.message(interaction.channel_id, known)
        if found is None:
            raise unknown("Message")
        return found

    def _patience(self, interaction: Interaction) -> float | None:
        """Seconds to wait for the bot's next word; None for as long as the clocks below allow."""
        if interaction.answer is None or (interaction.answer == DEFERRED_MESSAGE and not interaction.fulfilled):
            return None
        waiting = interaction.answer == DEFERRED_UPDATE and not interaction.fulfilled
        return max(PATIENCE, self._quiet) if waiting else self._quiet

    def _set_alarm(self, interaction: Interaction) -> None:
        if interaction.alarm is not None:
            interaction.alarm.cancel()
        interaction.alarm = asyncio.get_running_loop().call_later(self._lifetime, self._end, interaction)

    def _miss(self, interaction: Interaction) -> None:
        interaction.failed = True
        self._end(interaction)

    def _end(self, interaction: Interaction) -> None:
        if interaction.alarm is not None:
            interaction.alarm.cancel()
        interaction.over = True
        interaction.news.set()

    def _forget_old(self, now: float) -> None:
        old = [one for one in self._interactions.values() if now - one.begun > 2 * self._lifetime]
        for one in old:
            self._end(one)
            del self._interactions[one.id]
