"""`/echo privacy`: a member becomes invisible to the echoes of a server, or visible again, by one press."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final, Protocol

from echo.discord.asking import Asking
from echo.discord.consent import Button, Style, plain
from echo.discord.translate import Call

EXPLAINED: Final = (
    "**Being invisible to echoes.** Echoes are bots that write the way a member writes who agreed to it. If you press "
    "*Be invisible*, this holds for every echo in **{server}** from that moment on: nothing you write is read or "
    "stored, not even as what stood before somebody else's message; no echo hears or answers you; nothing of yours is "
    "part of what a model is given or learns; and in what others wrote, your name is replaced by an invented one. What "
    "is stored of your messages by now is erased, and models forget it.\n"
    "Nobody is told. Echo keeps no list of ids or names for it, only numbers made from them that can't be turned back. "
    "Other servers are not affected. This command makes you visible again at any time; what was erased does not come "
    "back by itself."
)
HIDDEN_NOW: Final = (
    "**You are invisible to the echoes of {server} at the moment.** Nothing you write here is read, stored or answered "
    "by them. *Be visible again* ends that; what was erased does not come back by itself."
)
OWN_ECHO: Final = (
    "\n**There is an echo of you in this server.** It stays as it is, because you agreed to it: what you write is "
    "still part of it as far as you agreed to that, and its name is yours. It does not hear or answer you while you "
    "are invisible. `/echo forget` erases it."
)
HIDDEN: Final = (
    "You are invisible to the echoes of this server from now on. {erased} `/echo privacy` makes you visible again."
)
NOTHING_STORED: Final = "Nothing of yours was stored."
ONE_ERASED: Final = "The one message of yours that was stored is erased."
ERASED: Final = "All {count:,} stored messages of yours are erased."
SHOWN: Final = (
    "You are visible to the echoes of this server again. What was erased does not come back by itself; an echo that "
    "reads a channel anew may read what stands in it."
)


class Answer(StrEnum):
    """What a button says; part of its custom id."""

    HIDE = "hide"
    SHOW = "show"


class Hiding(Protocol):
    """Who makes members invisible (`echo.discord.hiding.Hider`)."""

    def is_unseen(self, server_id: int, user_id: int) -> bool:
        """Whether somebody is invisible there."""

    async def hide(self, server_id: int, user_id: int, names: Sequence[str]) -> int:
        """Make them so; how many messages were erased."""

    async def show(self, server_id: int, user_id: int) -> None:
        """Make them visible again."""


class Privacy:
    """The command and its buttons. It is about who uses it, and takes no permission and no echo.

    `has_echo(server id, user id)`: whether there is an echo of theirs, or a question for one.
    """

    def __init__(self, hiding: Hiding, has_echo: Callable[[int, int], bool]) -> None:
        self._hiding = hiding
        self._has_echo = has_echo

    async def run(self, asking: Asking, call: Call) -> None:
        """Tell privately what it means, with the one button."""
        asker, server = asking.asker, plain(asking.server.name)
        is_unseen = self._hiding.is_unseen(asker.server_id, asker.id)
        text = (HIDDEN_NOW if is_unseen else EXPLAINED).format(server=server)
        if self._has_echo(asker.server_id, asker.id):
            text += OWN_ECHO
        await asking.reply.say(text, (_SHOW if is_unseen else _HIDE,))

    async def press(self, asking: Asking, custom_id: str) -> bool:
        """Do it; whoever presses is whom it is about. False where the press is about something else.

        Raises StorageError.
        """
        answer = read_press(custom_id)
        if answer is not None:
            await self._do(asking, answer)
        return answer is not None

    async def _do(self, asking: Asking, answer: Answer) -> None:
        asker = asking.asker
        if answer is Answer.SHOW:
            await asking.reply.patiently(self._hiding.show(asker.server_id, asker.id))
            await asking.reply.say(SHOWN)
            return
        count = await asking.reply.patiently(self._hiding.hide(asker.server_id, asker.id, _names(asking)))
        erased = NOTHING_STORED if not count else ONE_ERASED if count == 1 else ERASED.format(count=count)
        await asking.reply.say(HIDDEN.format(erased=erased))


def read_press(custom_id: str) -> Answer | None:
    """What a button's custom id says; None for one that is not about this."""
    kind, _, said = custom_id.rpartition(":")
    return Answer(said) if kind == "echo:privacy" and said in list(Answer) else None


def _names(asking: Asking) -> list[str]:
    """By what names whoever asks is called there."""
    user = asking.reply.interaction.user
    found = (getattr(user, "nick", None), getattr(user, "global_name", None), getattr(user, "name", None))
    return [*dict.fromkeys(str(name) for name in found if name)]


_HIDE: Final = Button("Be invisible", f"echo:privacy:{Answer.HIDE}", Style.GOOD)
_SHOW: Final = Button("Be visible again", f"echo:privacy:{Answer.SHOW}", Style.PLAIN)
