"""`/echo forget`, in servers and in direct messages: who may have what erased, and what they are told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from echo.discord import access, answers, choosing
from echo.discord.access import Asker
from echo.discord.answers import name_of
from echo.discord.asking import Asking
from echo.discord.consent import Button, Style, plain
from echo.discord.menus import Choice, Menu, cut
from echo.discord.presses import BY_MANAGER, BY_SUBJECT
from echo.discord.private import PrivateAsking
from echo.discord.replies import Reply
from echo.discord.translate import Call
from echo.errors import UsageError
from echo.ports import Requests
from states.board import Board
from states.decide import Refusal
from states.events import ForgetAsked
from states.model import ProfileSnapshot

NONE_OWN: Final = "There is no echo of you in this server, so nothing was erased; `/echo list` shows whose there are."
NONE_OTHER: Final = "There is no echo of {name} in this server: `/echo list` shows whose there are."
NONE_ANYWHERE: Final = (
    "There is no echo of you in any server that this bot serves, so nothing was erased. If there was one, it is erased "
    "already."
)
NOT_YOURS: Final = "That echo is not yours, or is gone already, so nothing was erased."
CHOOSE: Final = (
    "There are echoes of you in these servers: {servers}. Choose which are to be erased for good, at once, with "
    "everything that was read and learned for them. You need not be a member there any more."
)
ERASING: Final = (
    "The echo of **{name}** is silent from now on, and everything that was read and learned for it is being erased."
)
AND_POSTS: Final = " What it said on Discord is taken down, one message after another, as fast as Discord allows."
RECEIPT: Final = " When all is gone you get a signed receipt as a direct message."
POSTS: Final = "posts"
"""The option, and the part of a custom id, that has what an echo said taken down as well."""

PREFIX: Final = "echo:erase"
_ALL: Final = "all"
_CHOSEN: Final = "chosen"


class Forgetting:
    """Checks who asks, asks managers whether they are sure, and has the machines erase."""

    def __init__(self, requests: Requests, board: Board, clock: Callable[[], datetime]) -> None:
        self._requests = requests
        self._board = board
        self._clock = clock

    # in a server

    async def run(self, asking: Asking, call: Call) -> None:
        """Erase an echo: at once for its subject, after one more press for a manager.

        Raises UsageError where there is none such, NoPermission for somebody else's.
        """
        profile = self._meant(asking.asker, call)
        posts = call.is_set(POSTS)
        if asking.asker.id == profile.user_id:
            await self._erase(asking.reply, asking.asker.id, [profile], posts=posts)
            return
        name = name_of(self._board, profile)
        access.check(asking.asker, profile, name)
        also = ", and what it said on Discord would be taken down" if posts else ""
        await asking.reply.say(
            f"Everything that was read and learned for the echo of **{name}** would be erased for good{also}. "
            "Are you sure?",
            (Button("Yes, erase everything", custom_id(str(profile.id), posts=posts), Style.BAD),),
        )

    async def press(self, asking: Asking, pressed: str) -> bool:
        """Deal with the press of a manager who is sure; False where this is another button."""
        if (found := _read(pressed)) is None or not found[0].isdecimal():
            return False
        profile = self._board.profiles.get(int(found[0]))
        if profile is None or profile.server_id != asking.asker.server_id:
            raise UsageError(NOT_YOURS)
        access.check(asking.asker, profile, name_of(self._board, profile))
        await self._erase(asking.reply, asking.asker.id, [profile], posts=found[1])
        return True

    def _meant(self, asker: Asker, call: Call) -> ProfileSnapshot:
        named, person = call.text("profile"), call.person("user")
        living = answers.living(self._board, asker.server_id)
        if named:
            return choosing.chosen(named, living, lambda profile: name_of(self._board, profile))
        # What can't be undone is never guessed to be about somebody else.
        wanted = asker.id if person is None else person.id
        found = [p for p in living if p.user_id == wanted]
        if not found:
            raise UsageError(NONE_OTHER.format(name=plain(person.name)) if person else NONE_OWN)
        return found[0]

    # in a direct message

    async def run_privately(self, asking: PrivateAsking, call: Call) -> None:
        """Show somebody where there are echoes of them, to be erased at one press."""
        own, posts = self._own(asking.user_id), call.is_set(POSTS)
        if not own:
            raise UsageError(NONE_ANYWHERE)
        servers = ", ".join(f"**{self._server(profile)}**" for profile in own)
        await asking.reply.say(CHOOSE.format(servers=servers), self._choices(own, posts=posts))

    async def press_privately(self, asking: PrivateAsking, pressed: str, values: Sequence[str]) -> bool:
        """Erase what somebody chose of their own; False where this is another button."""
        if (found := _read(pressed)) is None:
            return False
        own = self._own(asking.user_id)
        wanted = {int(value) for value in values if value.isdecimal()}
        chosen = own if found[0] == _ALL else [profile for profile in own if profile.id in wanted]
        if not chosen:
            raise UsageError(NOT_YOURS)
        await self._erase(asking.reply, asking.user_id, chosen, posts=found[1])
        return True

    def _own(self, user_id: int) -> list[ProfileSnapshot]:
        found = [p for p in self._board.profiles.values() if p.user_id == user_id and p.is_living]
        return sorted(found, key=lambda profile: profile.id)

    def _choices(self, own: Sequence[ProfileSnapshot], *, posts: bool) -> list[Button | Menu]:
        """A menu of the servers, as far as one holds them, and a button for all."""
        shown = [Choice(cut(self._server(profile)), str(profile.id)) for profile in own[:25]]
        label = "Erase it" if len(own) == 1 else "Erase all of them"
        button = Button(label, custom_id(_ALL, posts=posts), Style.BAD)
        if len(own) == 1:
            return [button]
        return [Menu("Erase in these servers", custom_id(_CHOSEN, posts=posts), shown, most=len(shown)), button]

    def _server(self, profile: ProfileSnapshot) -> str:
        known = self._board.names.get(profile.server_id)
        return plain(known) if known else f"server {profile.server_id}"

    # erasing

    async def _erase(self, reply: Reply, by: int, profiles: Sequence[ProfileSnapshot], *, posts: bool) -> None:
        told = []
        for profile in profiles:
            reason = BY_SUBJECT if by == profile.user_id else BY_MANAGER
            event = ForgetAsked(self._clock(), by, reason, posts)
            outcome = await reply.patiently(self._requests.ask(profile.key, event))
            if isinstance(outcome, Refusal):
                told.append(outcome.sentence)
                continue
            told.append(ERASING.format(name=name_of(self._board, profile)) + (AND_POSTS if posts else ""))
        own = any(profile.user_id == by for profile in profiles)
        await reply.say("\n".join(told)[:1900] + (RECEIPT if own else ""))


def custom_id(what: str, *, posts: bool) -> str:
    """The custom id of a button or menu that erases: a profile's number, all of one's own, or those that are chosen."""
    return f"{PREFIX}:{what}:{int(posts)}"


def _read(pressed: str) -> tuple[str, bool] | None:
    """What a custom id says: what is meant, and whether what was said goes too; None for another button's."""
    match pressed.split(":"):
        case ["echo", "erase", what, ("0" | "1") as posts] if what in (_ALL, _CHOSEN) or _is_number(what):
            return what, posts == "1"
    return None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 18
