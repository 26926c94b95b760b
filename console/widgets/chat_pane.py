"""The chat pane: speaking as any of the sandbox's people, in any of its channels."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, tzinfo
from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Select

from console.command_line import parse
from console.completing import Completing, Proposal, completed
from console.guidance import Guidance, Scene
from console.messages import SceneChanged, TownChanged
from console.ports import Json, Town
from console.proposing import Proposer
from console.questions import agreeable, pressable
from console.screens.confirm import ConfirmScreen
from console.screens.form import FormScreen
from console.screens.pick import PickScreen
from console.widgets.composer import Composer
from console.widgets.proposals import Proposals
from console.widgets.said import Press
from console.widgets.standing import Standing
from console.widgets.talk import SHOWN, Talk
from console.wording import LABEL
from states.board import Board

TYPING_LASTS = 10.0
"""Seconds that somebody is seen typing, as on Discord."""
CARE = "This button is marked as one that can't be taken back."


class ChatPane(Vertical):
    """What is said and done here is said and done by the person that Standing names."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "to_input", "To the input", show=False)]

    def __init__(self, town: Town, board: Board, clock: Callable[[], datetime], zone: tzinfo) -> None:
        super().__init__(id="chat")
        self._town = town
        self._board = board
        self._zone = zone
        self._changes: deque[Json] = deque()
        self._proposer = Proposer(town, clock, zone)
        self._at: Completing | None = None
        self._proposed_for = ""
        self._pending = 0
        self._offers_buttons = False
        self._typing: set[str] = set()
        self._unsubscribe: Callable[[], None] | None = None

    # what it is made of

    def compose(self) -> ComposeResult:
        """Whom and where, the messages, the proposals, the input."""
        proposals = Proposals(id="proposals")
        yield Standing(self._town)
        yield Talk(self._zone, id="talk")
        yield proposals
        yield Composer(proposals, id="composer")

    async def on_mount(self) -> None:
        """Begin with a manager, in the first channel."""
        self._unsubscribe = self._town.subscribe(self._hear)
        for select in self.standing.query(Select):
            self.watch(select, "expanded", self._leave_list, init=False)
        await self._enter()
        self.composer.focus()

    def on_unmount(self) -> None:
        """Listen no more."""
        if self._unsubscribe:
            self._unsubscribe()

    @property
    def composer(self) -> Composer:
        """The input."""
        return self.query_one(Composer)

    @property
    def talk(self) -> Talk:
        """The messages."""
        return self.query_one(Talk)

    @property
    def standing(self) -> Standing:
        """Who is spoken as, and where."""
        return self.query_one(Standing)

    @property
    def scene(self) -> Scene | None:
        """Who stands where; None while the sandbox has nobody or no channel."""
        if (scene := self.standing.scene if self.is_mounted else None) is None:
            return None
        presses = self.talk.presses()
        shown = {int(press.message_id) for press in presses}
        asked = pressable(self._board, self._town, shown, SHOWN)
        return replace(scene, pressable=asked, agreeable=agreeable(one.custom_id for one in presses))

    @property
    def has_buttons(self) -> bool:
        """Whether a message has a button that can be pressed."""
        return self.is_mounted and bool(self.talk.presses())

    # who and where

    @on(SceneChanged)
    async def _moved(self) -> None:
        await self._enter()
        self.composer.focus()

    def _leave_list(self, is_open: bool) -> None:
        """Go from a closed list to the input: Textual stays at the list, where whatever is typed gets lost."""
        if not is_open:
            self.call_after_refresh(self._to_input_from_list)

    def _to_input_from_list(self) -> None:
        focused = self.screen.focused
        if isinstance(focused, Select) and not focused.expanded:
            self.composer.focus()

    async def _enter(self) -> None:
        """Show the channel as the speaker sees it."""
        self._typing.clear()
        self._show_state()
        both = self.standing.both
        if both is None:
            return
        speaker, place = both
        try:
            views = self._town.messages(place.id, viewer=speaker.id, limit=SHOWN)
        except ValueError as refusal:
            views = []
            self._tell(str(refusal))
        await self.talk.show(views)
        self._offer_buttons()

    def _offer_buttons(self) -> None:
        """Let the footer show the key to the buttons while there are some."""
        if self.has_buttons != self._offers_buttons:
            self._offers_buttons = not self._offers_buttons
            self.app.refresh_bindings()

    # what happens in the sandbox

    def _hear(self, change: Json) -> None:
        self._changes.append(change)
        self.post_message(TownChanged())

    async def on_town_changed(self) -> None:
        """Show what happened since the last time."""
        while self._changes:
            change = self._changes.popleft()
            if change["type"] in ("people", "channels"):
                self.standing.read()
            elif self._is_here(change):
                await self._show(change)
        self._show_state()
        self._offer_buttons()

    def _is_here(self, change: Json) -> bool:
        """Whether the speaker can see it in the channel that is shown."""
        both = self.standing.both
        if both is None or change["channel"] != both[1].id:
            return False
        return change.get("only_user") in (None, both[0].id)

    async def _show(self, change: Json) -> None:
        match change["type"]:
            case "message":
                await self.talk.add(change["message"])
                self._typing.clear()
            case "edited":
                await self.talk.change(change["message"])
            case "deleted":
                await self.talk.remove_message(str(change["id"]))
            case "typing":
                self._typing.add(str(change["author"]))
                self.set_timer(TYPING_LASTS, self._nobody_types)

    def _nobody_types(self) -> None:
        self._typing.clear()
        self._show_state()

    def _show_state(self) -> None:
        """Say on the input's border who speaks where, and what is awaited."""
        composer = next(iter(self.query(Composer)), None)
        if composer is None:  # the console is closing while an answer is awaited
            return
        if both := self.standing.both:
            composer.border_title = Content(f"{both[0].name} in #{both[1].name}")
        waiting = "Echo is working on it…" if self._pending else ""
        composer.border_subtitle = Content(self._typing_words() or waiting)

    def _typing_words(self) -> str:
        """Who types. On Discord only the bot can be seen typing; the board knows for which echoes."""
        place = int(self.standing.place.id) if self.standing.place else 0
        echoes = [
            self._board.names.get(self._board.profiles[one.profile_id].user_id, "?") + LABEL
            for one in self._board.sessions_online()
            if one.channel_id == place and one.typing
        ]
        who = echoes if self._typing and echoes else sorted(self._typing)
        return f"{', '.join(who)} {'is' if len(who) == 1 else 'are'} typing…" if who else ""

    # typing and sending

    def show_guidance(self, guidance: Guidance) -> None:
        """Offer in the empty input what the guidance line says to type."""
        composer = self.composer
        composer.type_in = guidance.type_in
        composer.placeholder = guidance.type_in or "A message, or / for commands"
        self._show_state()

    @on(Composer.Sent)
    async def _send(self, event: Composer.Sent) -> None:
        event.stop()
        both = self.standing.both
        if both is None:
            self._tell("There is nobody to speak as: fill the sandbox from an export that has messages.")
            return
        (speaker, place), text = both, event.text
        try:
            if text.startswith("/"):
                call = parse(text, self._proposer.commands, self.standing.names)
                options = self._proposer.meant(call.options)
                self._act(partial(self._town.command, speaker.id, place.id, call.command.name, options), text)
            else:
                await self._town.say(speaker.id, place.id, text)
        except ValueError as refusal:
            self._tell(str(refusal))
            return
        self.composer.was_sent(text)
        self.talk.anchor()

    @on(Press.Pressed)
    def _press(self, event: Press.Pressed) -> None:
        event.stop()
        if isinstance(event.button, Press) and self.standing.speaker:
            self.composer.focus()
            self.talk.anchor()
            button, press = event.button, partial(self._town.press, self.standing.speaker.id)
            if button.menu is not None:
                self._pick(button, button.menu, partial(press, button.message_id, button.custom_id))
            elif button.is_dangerous:
                self._press_with_care(str(button.label), partial(press, button.message_id, button.custom_id))
            else:
                self._act(partial(press, button.message_id, button.custom_id))

    @work(group="acts")
    async def _press_with_care(self, label: str, press: Callable[[], Awaitable[Json]]) -> None:
        """Ask first: on Discord one aims at such a button, here a key may land on it."""
        if await self.app.push_screen_wait(ConfirmScreen(f"Press “{label}”?", CARE, "Yes, press it", "No")):
            self._act(press)

    @work(group="acts")
    async def _pick(self, button: Press, menu: Json, press: Callable[[list[str]], Awaitable[Json]]) -> None:
        """Let somebody pick of a menu, and press it with that."""
        picked = await self.app.push_screen_wait(PickScreen(menu))
        if picked is not None:
            button.remember(picked)
            self._act(partial(press, picked))

    @work(group="acts")
    async def _act(self, asking: Callable[[], Awaitable[Json]], text: str = "") -> None:
        """Wait for the bot's answer; what everybody may see of it comes by itself."""
        self._pending += 1
        self._show_state()
        try:
            await self._take(await asking())
        except ValueError as refusal:
            self._tell(str(refusal))
            self.composer.restore(text)
        finally:
            self._pending -= 1
            self._show_state()

    async def _take(self, answer: Json) -> None:
        for response in answer.get("responses", ()):
            if form := response.get("modal"):
                await self._fill_in(form)
            elif response.get("message_id") is None and response.get("content"):
                self._tell(str(response["content"]))

    async def _fill_in(self, form: Json) -> None:
        speaker = self.standing.speaker
        values = await self.app.push_screen_wait(FormScreen(form))
        if values is not None and speaker is not None:
            await self._take(await self._town.modal(speaker.id, str(form["custom_id"]), values))

    def action_to_input(self) -> None:
        """Leave a list or a button for the input."""
        self.composer.focus()

    def focus_buttons(self) -> None:
        """Go to the newest message's buttons, or to the next one from there."""
        presses = self.talk.presses()
        if presses:
            focused = self.screen.focused
            at = presses.index(focused) + 1 if isinstance(focused, Press) and focused in presses else 0
            press = presses[at % len(presses)]
            press.focus()
            # Coming from another pane nothing is laid out yet, and focusing scrolls nowhere.
            self.call_after_refresh(press.scroll_visible, animate=False)

    @on(Composer.Scrolled)
    def _scroll(self, event: Composer.Scrolled) -> None:
        event.stop()
        if event.pages < 0:
            self.talk.scroll_page_up(animate=False)
        else:
            self.talk.scroll_page_down(animate=False)

    # proposals

    @on(Composer.Changed)
    def _changed(self, event: Composer.Changed) -> None:
        event.stop()
        self._propose(event.value)

    @on(Composer.Completed)
    def _complete(self, event: Composer.Completed) -> None:
        event.stop()
        proposal = self.query_one(Proposals).chosen
        text = self.composer.value
        # While newer proposals are still being looked for, those that are shown belong to another text.
        if proposal and self._at and self._proposed_for == text:
            self.composer.put(completed(text, self._at, proposal))

    @work(exclusive=True, group="proposals")
    async def _propose(self, text: str) -> None:
        found: list[Proposal] = []
        if both := self.standing.both:
            at, found = await self._proposer.propose(text, both[0], both[1].id, self.standing.people)
            self._at, self._proposed_for = at, text
        self.query_one(Proposals).offer(found)

    def _tell(self, sentence: str) -> None:
        """Say what is wrong in the place of what was said before, so that words don't pile up over the chat."""
        self.app.clear_notifications()
        self.notify(sentence, severity="warning", timeout=8, markup=False)
