"""The console: what stands where, what to do next, and the keys to do it with."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine, Iterable, Sequence
from datetime import UTC, datetime, tzinfo
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, ClassVar, Final

from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.containers import Horizontal, Vertical
from textual.filter import LineFilter
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Footer, TabbedContent, TabPane

from console.acts import Acts, possible
from console.bindings import BINDINGS
from console.commands import EchoCommands, Offer
from console.control_signs import NoControlSigns
from console.guidance import guide
from console.logs import LogRing
from console.messages import BoardChanged, ProfileChosen, SceneChanged
from console.offers import offers_about, offers_about_servers, offers_in_chat
from console.operating import Operating
from console.ports import Operator, Town
from console.screens.help import HelpScreen
from console.screens.measures import MeasuresScreen
from console.theme import ECHO_THEME
from console.widgets.chat_pane import ChatPane
from console.widgets.echoes import Echoes
from console.widgets.guidance_line import GuidanceLine
from console.widgets.journal_pane import JournalPane
from console.widgets.log_pane import LogPane
from console.widgets.sessions import Sessions
from console.widgets.status_line import StatusLine
from console.widgets.trouble_lines import TroubleLines
from console.wording import fault_words, living, name_of
from states.board import Board
from states.model import ProfileSnapshot, ProfileState

DRAWN_EVERY: Final = 0.25
"""Seconds between two looks at the board, however often it changes."""
TICK: Final = 1.0
"""Seconds between two looks at the deadlines."""
PANES: Final = ("chat-tab", "journal-tab", "log-tab")


class EchoConsole(App[None], inherit_bindings=False):
    """Looks at the board and posts acts; it keeps nothing of its own. Run it with `console.run.run`."""

    CSS_PATH = Path(__file__).with_name("console.tcss")
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {EchoCommands}
    NOTIFICATION_TIMEOUT = 4
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (70, "-small"), (110, "-wide")]  # noqa: RUF012 - Textual's own form
    BINDINGS: ClassVar[list[BindingType]] = BINDINGS

    def __init__(
        self,
        board: Board,
        operator: Operator,
        town: Town | None,
        clock: Callable[[], datetime],
        title: str,
        log_ring: LogRing,
        zone: tzinfo = UTC,
    ) -> None:
        """`town` is None on Discord itself; `zone` is the one in which times and days are shown."""
        super().__init__()
        self.title = title
        self._board, self._town = board, town
        self._clock, self._zone = clock, zone
        self._ring = log_ring
        self._operating = Operating(self, board, operator)
        self._acts = Acts()
        self._drawn = float("-inf")
        self.drawings = 0
        """How often the board was looked at."""
        self._redraw: Timer | None = None
        self._unwatch: Callable[[], None] | None = None
        self._faults_told = 0
        self.broken: BaseException | None = None
        """What broke inside the console, for `console.run.run` to raise."""
        self._no_control_signs = NoControlSigns()

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own, and the one that lets nobody's words steer the terminal."""
        return [*super().get_line_filters(), self._no_control_signs]

    # what it is made of

    def compose(self) -> ComposeResult:
        """Echoes and sessions on the left, the panes on the right, guidance above both."""
        yield StatusLine(str(self.title))
        yield TroubleLines()
        yield GuidanceLine()
        with Horizontal(id="middle"):
            with Vertical(id="side"):
                yield Echoes()
                yield Sessions()
            with TabbedContent(id="panes", initial=PANES[0] if self._town else PANES[1]):
                if self._town:
                    with TabPane("Chat", id=PANES[0]):
                        yield ChatPane(self._town, self._board, self._clock, self._zone)
                with TabPane("Journal", id=PANES[1]):
                    yield JournalPane(self._zone)
                with TabPane("Log", id=PANES[2]):
                    yield LogPane(self._ring)
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Look at the board from now on."""
        self.register_theme(ECHO_THEME)
        self.theme = ECHO_THEME.name
        self._unwatch = self._board.watch(self._board_changed)
        self.set_interval(TICK, self._draw)
        self.set_interval(DRAWN_EVERY, self._base.query_one(LogPane).show)
        self.call_after_refresh(self._draw)

    def on_unmount(self) -> None:
        """Look no more."""
        if self._unwatch:
            self._unwatch()

    def _board_changed(self) -> None:
        self.post_message(BoardChanged())

    def _fatal_error(self) -> None:
        # Textual's own prints every local variable along the way, and with them what people wrote.
        if self.broken is None:
            self.broken = sys.exception()
        self._close_messages_no_wait()

    @property
    def _base(self) -> Screen[Any]:
        """The screen under all questions and forms."""
        return self.screen_stack[0]

    @property
    def chat(self) -> ChatPane | None:
        """The chat pane, in the sandbox."""
        return next(iter(self._base.query(ChatPane)), None) if self.screen_stack else None

    @property
    def selected(self) -> ProfileSnapshot | None:
        """The profile that the keys are about."""
        number = self._base.query_one(Echoes).selected
        return self._board.profiles.get(number) if number is not None else None

    # looking

    @on(BoardChanged)
    @on(SceneChanged)
    @on(ProfileChosen)
    def _look(self) -> None:
        """Draw now, or as soon as it is due again."""
        if self._redraw is None:
            wait = DRAWN_EVERY - (perf_counter() - self._drawn)
            if wait <= 0:
                self._draw()
            else:
                self._redraw = self.set_timer(wait, self._draw)

    def _draw(self) -> None:
        """Show the board as it is; each part changes only what is different."""
        if self._redraw is not None:
            self._redraw.stop()
        self._redraw, self._drawn, self.drawings = None, perf_counter(), self.drawings + 1
        if not self.is_running or not self._base.query(Echoes):
            return
        now, base, chat = self._clock(), self._base, self.chat
        echoes = base.query_one(Echoes)
        for gone in echoes.show(self._board, now, self._zone):
            self._tell_end(gone)
        base.query_one(Sessions).show(self._board, now)
        base.query_one(StatusLine).show(self._board)
        base.query_one(TroubleLines).show(self._board)
        base.query_one(JournalPane).show(self._board)
        guidance = guide(self._board, echoes.selected, chat.scene if chat else None, now, self._zone)
        base.query_one(GuidanceLine).show(guidance)
        if chat:
            chat.show_guidance(guidance)
        self._tell_faults()
        self._offer_keys()

    def _tell_end(self, profile_id: int) -> None:
        """Say that an echo is no more, and why."""
        profile = self._board.profiles.get(profile_id)
        if profile is not None and profile.state is ProfileState.FORGOTTEN:
            reason = f" {profile.reason}" if profile.reason else ""
            self.notify(f"The echo of {name_of(self._board, profile.user_id)} is forgotten.{reason}", markup=False)

    def _tell_faults(self) -> None:
        """Say each thing that should not have happened once."""
        faults = self._board.faults
        for fault in faults[self._faults_told :]:
            self.notify(fault_words(fault), severity="error", timeout=10, markup=False)
        self._faults_told = len(faults)

    def _offer_keys(self) -> None:
        """Let the footer show the keys that do something now."""
        profile = self.selected
        acts = possible(self._board, profile.id if profile else None, self._channel_id)
        if acts != self._acts:
            self._acts = acts
            self.refresh_bindings()

    @property
    def _channel_id(self) -> int | None:
        """The channel that one looks at, in the sandbox."""
        scene = self.chat.scene if self.chat else None
        return scene.channel_id if scene else None

    # acting

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether a key does something now; those that do not are not shown."""
        match action:
            case "speaker" | "channel":
                return self._town is not None
            case "buttons":
                return self.chat is not None and self.chat.has_buttons
            case "online" | "retry" | "resume" | "cancel" | "forget" | "portrait" | "roll_back":
                return bool(getattr(self._acts, action))
            case "pause":
                return self._acts.pause and not self._acts.retry
            case "offline":
                return bool(self._acts.offline)
        return True

    def get_key_display(self, binding: Binding) -> str:
        """Function keys as they stand on the keyboard."""
        shown = super().get_key_display(binding)
        return shown.upper() if binding.key.startswith("f") else shown

    def action_help(self) -> None:
        """Show the help."""
        self.push_screen(HelpScreen(self._town is not None))

    def action_speaker(self) -> None:
        """Speak as the next person."""
        self._to_chat().standing.next_speaker()

    def action_channel(self) -> None:
        """Go to the next channel."""
        self._to_chat().standing.next_channel()

    def action_buttons(self) -> None:
        """Go to the newest message's buttons."""
        self._to_chat(focus=False).focus_buttons()

    def action_pane(self) -> None:
        """Go to the next pane."""
        shown = PANES if self._town else PANES[1:]
        active = self._base.query_one(TabbedContent).active
        self._go_to_pane(shown[(shown.index(active) + 1) % len(shown)])

    def action_online(self) -> None:
        """Bring the highlighted echo online where one looks, or where one chooses."""
        if profile := self.selected:
            self._start(self._operating.online(profile, self._channel_id))

    def action_offline(self) -> None:
        """Take the highlighted echo offline."""
        self._about(self._operating.offline)

    def action_retry(self) -> None:
        """Try again what stands still."""
        self._about(self._operating.retry)

    def action_pause(self) -> None:
        """Let collecting rest."""
        self._about(self._operating.pause)

    def action_resume(self) -> None:
        """Let collecting go on."""
        self._about(self._operating.resume)

    def action_cancel(self) -> None:
        """Give collecting up, after a question."""
        self._about(self._operating.cancel)

    def action_roll_back(self) -> None:
        """Have the version before speak again."""
        self._about(self._operating.roll_back)

    def action_portrait(self) -> None:
        """Show how the highlighted echo's person writes, and how alike it is."""
        self._about(self._operating.portrait)

    def action_measures(self) -> None:
        """Show what answers take, those of the highlighted echo first."""
        self.push_screen(MeasuresScreen(self._board, profile.id if (profile := self.selected) else None))

    def action_forget(self) -> None:
        """Erase the highlighted echo, after a question."""
        self._about(self._operating.forget)

    async def action_quit(self) -> None:
        """Stop Echo; asked about where that silences somebody."""
        self._start(self._operating.quit())

    def _about(self, act: Callable[[ProfileSnapshot], Coroutine[Any, Any, None]]) -> None:
        if profile := self.selected:
            self._start(act(profile))

    def _start(self, act: Coroutine[Any, Any, None]) -> None:
        self.run_worker(act, group="acts")

    def _to_chat(self, focus: bool = True) -> ChatPane:
        self._base.query_one(TabbedContent).active = PANES[0]
        chat = self._base.query_one(ChatPane)
        if focus:
            chat.composer.focus()
        return chat

    def _go_to_pane(self, pane: str) -> None:
        if pane != PANES[0]:
            self._base.query_one(TabbedContent).active = pane
            self._base.query_one(JournalPane if pane == PANES[1] else LogPane).focus()
        else:
            self._to_chat()

    # what the palette offers

    def offers(self) -> Iterable[Offer]:
        """What can be done now, most likely first."""
        for profile in living(self._board):
            yield from offers_about(profile, self._board, self._channel_id, self._operating, self._start)
        yield from offers_about_servers(self._board, self._operating, self._start)
        if self._operating.has_bases:
            yield Offer("Pull a model", "have the servers fetch one", lambda: self._start(self._operating.fetch()))
        for pane in PANES if self._town else PANES[1:]:
            yield Offer(f"Show {pane.removesuffix('-tab').title()}", "pane", partial(self._go_to_pane, pane))
        yield Offer("Show what answers take", "times, tokens, drafts, failures", self.action_measures)
        yield Offer("Help", "what this is and what the keys do", self.action_help)
        yield Offer("Change the colours", "themes", self.action_change_theme)
        yield Offer("Quit", "stop Echo", self.action_quit)
        if chat := self.chat:
            yield from offers_in_chat(chat.standing)
