"""The operator's acts, as far as they need a question, a choice or a word about how it went."""

from __future__ import annotations

import functools
from collections.abc import Awaitable
from typing import Final

from textual.app import App

from console.ports import Json, Operator
from console.screens.choose import ChooseScreen
from console.screens.confirm import ConfirmScreen
from console.screens.form import FormScreen
from console.screens.portrait import PortraitScreen
from console.wording import count, echo_of, name_of, online_of
from states.board import Board
from states.model import ProfileSnapshot, ProfileState

PULL: Final[Json] = {
    "title": "Pull a model",
    "fields": [
        {
            "custom_id": "name",
            "label": "Its name in Ollama's library",
            "placeholder": "llama3.2:3b",
            "value": "",
            "required": True,
            "long": False,
            "min_length": 1,
            "max_length": 200,
        }
    ],
}
"""The form that asks which model the servers are to fetch."""


class Operating:
    """Each act is a coroutine for a worker: it asks what it must, does it, and tells how it went."""

    def __init__(self, app: App[None], board: Board, operator: Operator) -> None:
        self._app = app
        self._board = board
        self._operator = operator

    async def online(self, profile: ProfileSnapshot, channel_id: int | None) -> None:
        """Bring an echo online in a channel, which is asked for where None."""
        if channel_id is None:
            channels = [(number, f"#{name}") for number, name in self._operator.channels(profile.server_id)]
            if not channels:
                self._tell("There is no channel in this server in which Echo may write: allow it in Discord first.")
                return
            question = f"Where is {echo_of(self._board, profile)} to come online?"
            channel_id = await self._app.push_screen_wait(ChooseScreen(question, channels))
        if channel_id is not None:
            await self._do(self._operator.online(profile.id, channel_id))

    async def offline(self, profile: ProfileSnapshot) -> None:
        """Take an echo offline; where it is in several channels, ask for which."""
        sessions = [(one.id, f"#{name_of(self._board, one.channel_id)}") for one in online_of(self._board, profile.id)]
        chosen = sessions[0][0] if sessions else None
        if len(sessions) > 1:
            question = f"Where is {echo_of(self._board, profile)} to go offline?"
            chosen = await self._app.push_screen_wait(ChooseScreen(question, sessions))
        if chosen is not None:
            await self._do(self._operator.offline(chosen))

    async def retry(self, profile: ProfileSnapshot) -> None:
        """Try again what stands still."""
        await self._do(self._operator.retry(profile.id))

    async def pause(self, profile: ProfileSnapshot) -> None:
        """Let collecting rest."""
        await self._do(self._operator.pause(profile.id))

    async def resume(self, profile: ProfileSnapshot) -> None:
        """Let collecting go on."""
        await self._do(self._operator.resume(profile.id))

    async def cancel(self, profile: ProfileSnapshot) -> None:
        """Give collecting or learning up, if that is really wanted."""
        name = name_of(self._board, profile.user_id)
        kept = "The echo stays as it was." if profile.can_speak else "What was read is kept until it is forgotten."
        learning = profile.state is ProfileState.TRAINING
        what, then = ("learning", "learns anew") if learning else ("collecting", "goes on from here")
        again = "Refreshing" if profile.can_speak else "Retrying"
        question = ConfirmScreen(f"Cancel {what} for {name}?", f"{kept} {again} {then}.", "Yes, cancel it", "No, go on")
        if await self._app.push_screen_wait(question):
            await self._do(self._operator.cancel(profile.id))

    async def refresh(self, profile: ProfileSnapshot) -> None:
        """Collect and train anew."""
        await self._do(self._operator.refresh(profile.id))

    async def roll_back(self, profile: ProfileSnapshot) -> None:
        """Have the version before speak again. No question: the same key takes it back."""
        await self._do(self._operator.roll_back(profile.id))

    @property
    def has_bases(self) -> bool:
        """Whether there are base models to choose from."""
        return self._operator.has_bases

    async def base(self, profile: ProfileSnapshot) -> None:
        """Have an echo, or all of its server, speak by a base model that is asked for."""
        found = await self._operator.bases()
        if isinstance(found, str):
            self._tell(found)
            return
        echo = echo_of(self._board, profile)
        rests = "Its fine-tuned model rests until it learns anew" if profile.tuned else ""
        now = None if profile.tuned else profile.base
        labels = [f"{label} (now)" if name == now else label for name, label in found]
        question = f"Which model is {echo} to speak by?"
        chosen = await self._app.push_screen_wait(ChooseScreen(question, list(enumerate(labels)), rests))
        if chosen is None:
            return
        server = name_of(self._board, profile.server_id)
        whose = [(0, f"{echo} alone"), (1, f"all echoes of {server}, and those to come")]
        who = await self._app.push_screen_wait(ChooseScreen(f"{labels[chosen]}: for whom?", whose))
        if who is not None:
            base = found[chosen][0]
            await self._do(
                self._operator.choose_server_base(profile.server_id, base)
                if who
                else self._operator.choose_base(profile.id, base)
            )

    async def fetch(self) -> None:
        """Have the servers fetch a base model that is asked for."""
        filled = await self._app.push_screen_wait(FormScreen(PULL))
        if filled:
            await self._do(self._operator.fetch(filled["name"].strip()))

    async def halt(self, server_id: int) -> None:
        """Silence every echo of a server. No question: it is quickly taken back, and what it is for can't wait."""
        await self._do(self._operator.halt(server_id))

    async def unhalt(self, server_id: int) -> None:
        """Let echoes of a server come online again."""
        await self._do(self._operator.unhalt(server_id))

    async def portrait(self, profile: ProfileSnapshot) -> None:
        """Show how the person writes, and how alike the echo was in its tests."""
        card = await self._operator.card(profile.id)
        traits, why_none = ((), card) if isinstance(card, str) else (card, "")
        title = f"{echo_of(self._board, profile)}, version {profile.model_version}"
        evidence = functools.partial(self._operator.evidence, profile.id)
        scores = self._board.scores.get(profile.id, ())
        speaks = profile.model_version if profile.can_speak else None
        thought = self._board.feedback.get(profile.id, ())
        await self._app.push_screen_wait(PortraitScreen(title, traits, why_none, scores, evidence, speaks, thought))

    async def forget(self, profile: ProfileSnapshot) -> None:
        """Erase a profile for good, if that is really wanted."""
        name = name_of(self._board, profile.user_id)
        question = ConfirmScreen(f"Forget {name}?", self._loss(profile, name), f"Yes, erase {name}", "No, keep it")
        if await self._app.push_screen_wait(question):
            await self._do(self._operator.forget(profile.id))

    async def quit(self) -> None:
        """Stop Echo; asked about where that silences somebody."""
        online = self._board.sessions_online()
        if online:
            places = ", ".join(sorted({f"#{name_of(self._board, one.channel_id)}" for one in online}))
            whose = "1 echo is" if len(online) == 1 else f"{len(online)} echoes are"
            consequence = f"{whose} online in {places}: silent while Echo does not run, back when it starts again."
            if not await self._app.push_screen_wait(ConfirmScreen("Quit?", consequence, "Yes, quit", "No, stay")):
                return
        self._app.exit()

    def _loss(self, profile: ProfileSnapshot, name: str) -> str:
        """What forgetting will do."""
        kept = [count(profile.messages, "messages")] if profile.messages else []
        kept += ["what was learned from them"] if profile.model_path else []
        erased = f"The question to {name} is withdrawn." if not kept else f"Erased for good: {' and '.join(kept)}."
        places = [f"#{name_of(self._board, one.channel_id)}" for one in online_of(self._board, profile.id)]
        silenced = f" {echo_of(self._board, profile)} goes offline in {', '.join(places)}." if places else ""
        return f"{erased}{silenced} This can't be undone; an echo of {name} takes a new yes."

    async def _do(self, act: Awaitable[str]) -> None:
        self._tell(await act)

    def _tell(self, sentence: str) -> None:
        self._app.notify(sentence, markup=False)
