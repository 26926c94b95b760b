"""Answering an interaction: once, and within the three seconds that Discord allows."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeVar

import aiohttp
import nextcord
from nextcord import ui

from echo.discord.consent import Button, Style
from echo.discord.failures import mapped
from echo.discord.menus import ChannelMenu, Menu

log = logging.getLogger(__name__)

T = TypeVar("T")

PATIENCE: Final = 1.5
"""Seconds from its coming after which an interaction that is not answered is deferred; Discord gives up after three."""
TOKEN_OVER: Final = 50027
"""Discord's code for a token that is not good (any more)."""
NOBODY: Final = nextcord.AllowedMentions.none()

_STYLES: Final = {
    Style.GOOD: nextcord.ButtonStyle.success,
    Style.PLAIN: nextcord.ButtonStyle.secondary,
    Style.BAD: nextcord.ButtonStyle.danger,
}


Part: TypeAlias = Button | Menu | ChannelMenu
"""What can stand under a message."""
_WITH_WORDS: Final = [
    nextcord.ChannelType.text,
    nextcord.ChannelType.news,
    nextcord.ChannelType.forum,
    nextcord.ChannelType.voice,
    nextcord.ChannelType.stage_voice,
]


def view_of(buttons: Sequence[Part]) -> ui.View:
    """Buttons and menus for nextcord. Nothing listens in them: presses come by custom id, also after a restart."""
    view = ui.View(timeout=None, auto_defer=False, prevent_update=False)
    for button in buttons:
        view.add_item(_item(button))
    return view


def _item(part: Part) -> ui.Item[ui.View]:
    match part:
        case Menu():
            return _menu(part)
        case ChannelMenu():
            return _channel_menu(part)
        case _:
            return _button(part)


def _button(button: Button) -> ui.Item[ui.View]:
    item: ui.Button[ui.View] = ui.Button(label=button.label, custom_id=button.custom_id, style=_STYLES[button.style])
    return item


def _menu(menu: Menu) -> ui.Item[ui.View]:
    options = [
        nextcord.SelectOption(label=one.label, value=one.value, description=one.note or None, default=one.chosen)
        for one in menu.choices
    ]
    item: ui.StringSelect[ui.View] = ui.StringSelect(
        custom_id=menu.custom_id,
        placeholder=menu.placeholder,
        min_values=menu.fewest,
        max_values=menu.most,
        options=options,
    )
    return item


def _channel_menu(menu: ChannelMenu) -> ui.Item[ui.View]:
    item: ui.ChannelSelect[ui.View] = ui.ChannelSelect(
        custom_id=menu.custom_id,
        placeholder=menu.placeholder,
        min_values=0,
        max_values=menu.most,
        channel_types=_WITH_WORDS,
    )
    return item


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that goes with an answer, as PNG. `told` describes it for who can't see it."""

    filename: str
    content: bytes
    told: str

    def file(self) -> nextcord.File:
        """As nextcord sends it; each file can be sent once."""
        return nextcord.File(io.BytesIO(self.content), self.filename, description=self.told)


class Reply:
    """The answer to one interaction. What comes too late for Discord is logged, never raised.

    `late` is given what whoever asked is to be told where Discord takes no answer any more: it does so for a quarter of
    an hour, and a long job may take longer.
    """

    def __init__(self, interaction: nextcord.Interaction[Any]) -> None:
        self.interaction = interaction
        self._one_at_a_time = asyncio.Lock()
        self.late: Callable[[str], Awaitable[None]] | None = None
        self._is_deferred = False
        self._was_deferred = False
        self._defer_at = asyncio.get_running_loop().time() + PATIENCE

    @property
    def is_begun(self) -> bool:
        """Whether it is answered or deferred."""
        return self.interaction.response.is_done()

    async def say(
        self, text: str, buttons: Sequence[Part] = (), *, to_all: bool = False, picture: Picture | None = None
    ) -> None:
        """Tell whoever asked; with `to_all` everybody in the channel, unless the answer had to be deferred."""
        async with self._one_at_a_time:
            try:
                await self._say(text, view_of(buttons), ephemeral=not to_all, picture=picture)
            except (nextcord.HTTPException, aiohttp.ClientError, OSError) as error:
                log.info("An answer did not reach Discord any more (%s).", type(error).__name__)
                if self._was_deferred and self.late is not None and _is_over(error):
                    await self.late(text)

    async def change(self, text: str, parts: Sequence[Part] = ()) -> None:
        """Put this in the place of the message that was pressed; say it where it is too late for that."""
        async with self._one_at_a_time:
            view = view_of(parts)
            try:
                if self.is_begun or self.interaction.message is None:
                    await self._say(text, view, ephemeral=True, picture=None)
                else:
                    await self.interaction.response.edit_message(content=text, view=view)
            except (nextcord.HTTPException, aiohttp.ClientError, OSError) as error:
                log.info("An answer did not reach Discord any more (%s).", type(error).__name__)

    async def say_first(self, text: str, buttons: Sequence[Button], pinged: int | None) -> int | None:
        """Answer for everybody to see, pinging one user or nobody; the message's id.

        None where it is too late for that: it is answered or deferred already (a deferred answer pings nobody), or
        Discord does not take it. Raises ServiceUnavailable where it stands but its id can't be learnt.
        """
        async with self._one_at_a_time:
            if self.is_begun:
                return None
            allowed = nextcord.AllowedMentions(
                everyone=False, roles=False, users=[] if pinged is None else [nextcord.Object(pinged)]
            )
            try:
                await self.interaction.response.send_message(text, view=view_of(buttons), allowed_mentions=allowed)
            except (nextcord.HTTPException, aiohttp.ClientError, OSError) as error:
                log.info("A question could not be put as an answer (%s).", type(error).__name__)
                return None
            with mapped("see the question that it has put"):
                return (await self.interaction.original_message()).id

    async def offer(self, choices: dict[str, str]) -> None:
        """Offer choices while somebody types: shown name -> value."""
        try:
            await self.interaction.response.send_autocomplete(choices)
        except (nextcord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.info("Choices did not reach Discord any more (%s).", type(error).__name__)

    async def open(self, modal: ui.Modal) -> None:
        """Show a form."""
        try:
            await self.interaction.response.send_modal(modal)
        except (nextcord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.info("A form did not reach Discord any more (%s).", type(error).__name__)

    async def patiently(self, work: Awaitable[T]) -> T:
        """Wait for work; where it takes long, the interaction is deferred meanwhile."""
        task = asyncio.ensure_future(work)
        await asyncio.wait((task,), timeout=max(0.0, self._defer_at - asyncio.get_running_loop().time()))
        if not task.done():
            await self._defer()
        return await task

    async def _defer(self) -> None:
        async with self._one_at_a_time:
            if self.is_begun:
                return
            try:
                await self.interaction.response.defer(ephemeral=True, with_message=True)
                self._is_deferred = self._was_deferred = True
            except (nextcord.HTTPException, aiohttp.ClientError, OSError) as error:
                log.info("An interaction could not be deferred (%s).", type(error).__name__)

    async def _say(self, text: str, view: ui.View, ephemeral: bool, picture: Picture | None) -> None:
        more: dict[str, Any] = {} if picture is None else {"file": picture.file()}
        if not self.is_begun:
            response = self.interaction.response
            await response.send_message(text, view=view, ephemeral=ephemeral, allowed_mentions=NOBODY, **more)
        elif self._is_deferred:
            self._is_deferred = False
            await self.interaction.edit_original_message(content=text, view=view, allowed_mentions=NOBODY, **more)
        else:
            followup = self.interaction.followup
            await followup.send(text, view=view, ephemeral=ephemeral, allowed_mentions=NOBODY, **more)


def _is_over(error: Exception) -> bool:
    """Whether Discord takes no answer to this interaction any more (its token has run out)."""
    return isinstance(error, nextcord.HTTPException) and (error.status in (401, 404) or error.code == TOKEN_OVER)
