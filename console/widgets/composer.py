"""The input of the chat: messages and commands, with Tab to complete and Up to recall."""

from __future__ import annotations

from collections import deque
from typing import ClassVar, Final

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from console.widgets.proposals import Proposals

REMEMBERED: Final = 100
"""Lines that can be recalled."""


class Composer(Input):
    """Keeps what is typed until it is told that it was sent."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "Complete", show=False),
        Binding("up", "previous", "Previous", show=False),
        Binding("down", "next", "Next", show=False),
        Binding("escape", "dismiss", "Close the list", show=False),
        Binding("pageup", "scroll_talk(-1)", "Scroll up", show=False),
        Binding("pagedown", "scroll_talk(1)", "Scroll down", show=False),
    ]

    class Sent(Message):
        """Enter was pressed on some text."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Completed(Message):
        """The highlighted proposal was taken."""

    class Scrolled(Message):
        """The messages are to be scrolled by a page, up where `pages` is negative."""

        def __init__(self, pages: int) -> None:
            super().__init__()
            self.pages = pages

    def __init__(self, proposals: Proposals, id: str) -> None:
        super().__init__(id=id, select_on_focus=False, max_length=6000)
        self._proposals = proposals
        self._sent: deque[str] = deque(maxlen=REMEMBERED)
        self._recalled: int | None = None
        self._draft = ""
        self.type_in = ""

    def put(self, text: str) -> None:
        """Replace what is typed, with the cursor at its end."""
        self.value = text
        self.cursor_position = len(text)

    def was_sent(self, text: str) -> None:
        """Empty the input, where it still holds this text, and remember the text for Up."""
        if not self._sent or self._sent[-1] != text:
            self._sent.append(text)
        self._recalled = None
        if self.value.strip() == text:
            self.put("")

    def restore(self, text: str) -> None:
        """Give back what could not be sent after all, unless something else is typed by now."""
        if not self.value:
            self.put(text)

    def on_paste(self, event: events.Paste) -> None:
        """Put all that is pasted on the one line there is: Textual's own input would drop every line but the first."""
        event.prevent_default()
        event.stop()
        lines = [line for line in event.text.splitlines() if line.strip()]
        self.replace(" ".join(lines), *self.selection)

    async def action_submit(self) -> None:
        """Take the proposal that was moved to, else send."""
        if self._proposals.chosen and self._proposals.was_moved:
            self.post_message(self.Completed())
        elif self.value.strip():
            self.post_message(self.Sent(self.value.strip()))

    def action_complete(self) -> None:
        """Take the highlighted proposal, or in the empty input what the guidance line says to type, if anything.

        From a text with nothing to complete it goes on to the next widget.
        """
        if self._proposals.chosen:
            self.post_message(self.Completed())
        elif not self.value:
            self.put(self.type_in)
        else:
            self.screen.focus_next()

    def action_previous(self) -> None:
        """Move the highlight up, or recall what was sent before."""
        if self._proposals.chosen:
            self._proposals.move(down=False)
        else:
            self._recall(-1)

    def action_next(self) -> None:
        """Move the highlight down, or recall what was sent after."""
        if self._proposals.chosen:
            self._proposals.move(down=True)
        else:
            self._recall(1)

    def action_dismiss(self) -> None:
        """Close the list of proposals."""
        self._proposals.offer(())

    def action_scroll_talk(self, pages: int) -> None:
        """Ask for the messages to be scrolled."""
        self.post_message(self.Scrolled(pages))

    def _recall(self, by: int) -> None:
        if not self._sent:
            return
        if self._recalled is None or self._recalled == len(self._sent):
            self._draft = self.value
        at = (len(self._sent) if self._recalled is None else self._recalled) + by
        self._recalled = min(max(at, 0), len(self._sent))
        self.put(self._sent[self._recalled] if self._recalled < len(self._sent) else self._draft)
