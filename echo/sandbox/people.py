"""Acting as the sandbox's people: they write, call commands, press, choose, fill in forms, and read what they may see.

Results are plain JSON, so that who shows them needs to know nothing of the sandbox. Every method raises `NotPossible`,
one clear sentence, for what Discord's client would not let a person do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from echo.sandbox import presses
from echo.sandbox.command_calls import find_call, refuse_unless_allowed
from echo.sandbox.command_forms import CHANNEL, USER
from echo.sandbox.interaction_payloads import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL_SUBMIT, Json
from echo.sandbox.interactions import LOADING, NOT_RESPONDED, Interaction, InteractionHub
from echo.sandbox.options import NotPossible, find_place
from echo.sandbox.permissions import Permission
from echo.sandbox.records import DM, Channel, Dispatch, Message
from echo.sandbox.speaking import Speaking
from echo.sandbox.updates import update_of
from echo.sandbox.upkeep import Upkeep
from echo.sandbox.views import View, channel_view, command_views, message_view, modal_view, response_view
from echo.sandbox.world import World

MOST_SUGGESTIONS: Final = 25


class People(Speaking, Upkeep):
    """The people of one sandbox. They and the channels are given by name (with or without @ or #) or by id."""

    def __init__(self, world: World, interactions: InteractionHub, now: Callable[[], float]) -> None:
        """`now` is in seconds since the epoch, UTC."""
        super().__init__(world, now)
        self._commands = interactions.commands
        self._interactions = interactions

    def people(self) -> list[View]:
        """The members: `id, name, bot, manager` (who may administer the server); the people first, then bots."""
        members = sorted((self._world.users[one] for one in self._world.members), key=lambda user: user.bot)
        return [
            {
                "id": str(user.id),
                "name": user.display_name,
                "bot": user.bot,
                "manager": bool(self._world.guild_permissions(user.id) & Permission.MANAGE_GUILD) and not user.bot,
            }
            for user in members
        ]

    def channels(self) -> list[View]:
        """The server's channels, each followed by its threads (see `views.channel_view`)."""
        listed: list[Channel] = []
        for channel in self._world.guild_channels():
            listed += [channel, *self._world.threads(channel.id)]
        return [channel_view(one) for one in listed]

    def commands(self) -> list[View]:
        """What can be called: `name, kind` (slash or user)`, description, options`."""
        return list(command_views(self._commands.usable_in(self._world.guild.id)))

    def messages(
        self, channel: object, after: object = None, viewer: object = None, limit: int | None = 100
    ) -> list[View]:
        """A channel's messages, oldest first: the newest, or with `after` (an id) the oldest after it; at most `limit`,
        None for all. With a `viewer` also the answers that only they see. See `views.message_view`."""
        place = find_place(self._world, channel)
        since = None if after is None else presses.message_id(after)
        history = self._world.messages[place.id]
        count = len(history) if limit is None else limit
        found = history.before(None, count) if since is None else history.after(since, count)
        if viewer is not None:
            who = self._seeing(viewer, place)
            only = (one for one in self._world.ephemeral.values() if one.channel_id == place.id)
            found += [one for one in only if one.only_user == who.id and one.id > (since or 0)]
        return [message_view(self._world, one) for one in sorted(found, key=lambda one: one.id)]

    def letters(self, author: object) -> list[View]:
        """The direct messages between a person and the bot, oldest first. See `views.message_view`."""
        who = self._person(author)
        found = (one for one in self._world.channels.values() if one.kind == DM and one.recipients == (who.id,))
        place = next(found, None)
        said = () if place is None else self._world.messages[place.id].before(None, len(self._world.messages[place.id]))
        return [message_view(self._world, one) for one in sorted(said, key=lambda one: one.id)]

    def subscribe(self, callback: Callable[[View], None]) -> Callable[[], None]:
        """Calls back for everything that people can see happen (see `updates.update_of`); the answer ends that."""

        def tell(dispatch: Dispatch) -> None:
            for update in update_of(self._world, dispatch):
                callback(update)

        return self._world.subscribe(tell)

    def direct(self, author: object) -> str:
        """The id of the channel in which somebody and the bot talk privately; who left the server has one, too."""
        return str(self._world.open_dm(self._account(author).id, now=self._now()).id)

    async def command(
        self, author: object, channel: object, command: object, options: Mapping[str, object] | None = None
    ) -> View:
        """Calls a command and waits for its answer: `{"responses": [...]}` (see `views.response_view`).

        A slash command is named with its subcommands ("echo create"); one of a user's context menu takes the option
        `user`, one of a message's the option `message`, its id. An answer that is a form has it under `modal`. Who gets
        no answer in time is told so, as on Discord.
        """
        place = find_place(self._world, channel)
        who = self._seeing(author, place)
        call = find_call(self._commands, place.guild_id, command)
        refuse_unless_allowed(self._world, who, place, call)
        data = call.data(self._world, place.id, options or {}, now=self._now())
        return await self._answered(self._interactions.begin(COMMAND, who.id, place.id, data))

    async def autocomplete(
        self,
        author: object,
        channel: object,
        command: object,
        option: str,
        text: str,
        options: Mapping[str, object] | None = None,
    ) -> list[View]:
        """What fits an option of which `text` is typed so far: `name, value`, at most 25. `options` are the others."""
        place = find_place(self._world, channel)
        who = self._seeing(author, place)
        call = find_call(self._commands, place.guild_id, command)
        described = next((one for one in call.options if one["name"] == option), None)
        if described is None:
            raise NotPossible(f"/{call.name} has no option called {option}.")
        if not described.get("autocomplete"):
            return self._local_suggestions(described, text)
        data = call.data_so_far(self._world, options or {}, option, text)
        asked = self._interactions.begin(AUTOCOMPLETE, who.id, place.id, data)
        await self._interactions.settled(asked)
        if asked.failed:
            raise NotPossible(f"{NOT_RESPONDED} with what fits the option {option}.")
        return [{"name": str(one["name"]), "value": one["value"]} for one in asked.choices]

    async def press(
        self, author: object, message_id: object, custom_id: object, values: Sequence[object] | None = None
    ) -> View:
        """Presses a button, or chooses `values` in a select; it may also be named by its label. Gives as `command`."""
        message = self._find_message(presses.message_id(message_id))
        place = self._world.channels[message.channel_id]
        who = self._seeing(author, place)
        if message.only_user not in (None, who.id):
            raise NotPossible(f"{who.display_name} can't see the message {message.id}: it was for somebody else.")
        data = presses.press_data(self._world, message, custom_id, values)
        return await self._answered(self._interactions.begin(COMPONENT, who.id, place.id, data, source=message))

    async def modal(self, author: object, custom_id: object, values: Mapping[str, object] | None = None) -> View:
        """Submits the form that the bot last opened for this person; `values` by custom id or label. Gives as above."""
        who = self._person(author)
        opened = self._interactions.forms.get((who.id, str(custom_id)))
        if opened is None or opened.modal is None:
            raise NotPossible(f"No form called {custom_id} is open for {who.display_name}; open it again.")
        data = presses.submit_data(opened.modal, values or {})
        del self._interactions.forms[who.id, str(custom_id)]
        submitted = self._interactions.begin(
            MODAL_SUBMIT,
            who.id,
            opened.channel_id,
            data,
            source=opened.source,
            opened_by=self._interactions.metadata(opened),
        )
        return await self._answered(submitted)

    async def _answered(self, interaction: Interaction) -> View:
        await self._interactions.settled(interaction)
        return {"responses": self._responses(interaction)}

    def _responses(self, interaction: Interaction) -> list[View]:
        nothing: View = {"message_id": None, "content": "", "ephemeral": True, "components": [], "shown": ""}
        if interaction.failed:
            return [{**nothing, "content": NOT_RESPONDED, "shown": NOT_RESPONDED}]
        if interaction.modal is not None:
            form = modal_view(interaction.modal)
            self._interactions.forms[interaction.user_id, form["custom_id"]] = interaction
            return [{**nothing, "modal": form}]
        found = (self._world.message(interaction.channel_id, one) for one in dict.fromkeys(interaction.said))
        return [self._response(one) for one in found if one is not None]

    def _response(self, message: Message) -> View:
        view = response_view(self._world, message)
        # Still thinking when its token ran out: from then on, nothing can come any more.
        return {**view, "content": NOT_RESPONDED, "shown": NOT_RESPONDED} if message.flags & LOADING else view

    def _local_suggestions(self, option: Json, text: str) -> list[View]:
        """What Discord's client suggests by itself: fixed choices, members, channels."""
        if option["type"] == USER:
            known = [(f"@{person['name']}", person["id"]) for person in self.people()]
        elif option["type"] == CHANNEL:
            known = [(f"#{channel['name']}", channel["id"]) for channel in self.channels()]
        else:
            known = [(str(choice["name"]), choice["value"]) for choice in option.get("choices") or ()]
        typed = text.strip().lstrip("@#").casefold()
        fitting = [{"name": name, "value": value} for name, value in known if typed in name.casefold()]
        # What begins as typed comes before what merely contains it; sorting keeps the order within both.
        fitting.sort(key=lambda one: not str(one["name"]).lstrip("@#").casefold().startswith(typed))
        return fitting[:MOST_SUGGESTIONS]
