"""The console's bindings, in the order in which the footer shows them."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding, BindingType

from console import keys

BINDINGS: Final[list[BindingType]] = [
    Binding(keys.HELP, "help", "Help", id="help", tooltip="What this is and what the keys do"),
    Binding(keys.SPEAKER, "speaker", "Person", id="speaker", tooltip="Speak as the next person"),
    Binding(keys.CHANNEL, "channel", "Channel", id="channel", tooltip="Go to the next channel"),
    Binding(keys.BUTTONS, "buttons", "Buttons", id="buttons", tooltip="Go to the newest message's buttons"),
    Binding(keys.ONLINE, "online", "Online", id="online", tooltip="Bring the highlighted echo online"),
    Binding(keys.OFFLINE, "offline", "Offline", id="offline", tooltip="Take the highlighted echo offline"),
    Binding(keys.RETRY, "retry", "Retry", id="retry", tooltip="Try again what stands still"),
    # What stands still can be tried again, what works can rest: never both, so that one key serves.
    Binding(keys.PAUSE, "pause", "Pause", id="pause", tooltip="Let collecting rest where it stands"),
    Binding(keys.RESUME, "resume", "Resume", id="resume", tooltip="Let collecting go on from where it rests"),
    Binding(keys.CANCEL, "cancel", "Cancel", id="cancel", tooltip="Give collecting or learning up, after a question"),
    Binding(keys.FORGET, "forget", "Forget", id="forget", tooltip="Erase the highlighted echo, after a question"),
    Binding(
        keys.PORTRAIT, "portrait", "Card", id="portrait", tooltip="How the person writes, and how alike the echo is"
    ),
    Binding(
        *(keys.ROLL_BACK, "roll_back", "Roll back"),
        id="roll_back",
        tooltip="Have the highlighted echo's version before speak again; once more takes that back",
    ),
    Binding(keys.PANE, "pane", "Pane", id="pane", tooltip="Go to the next pane: Chat, Journal, Log"),
    Binding(keys.QUIT, "quit", "Quit", id="quit", tooltip="Stop Echo", priority=True),
    # Where text is selected the key copies it; else it means what it means in every terminal.
    Binding("ctrl+c", "quit", "Quit", show=False, tooltip="Stop Echo, where no text is selected"),
    # These last, so that of a full footer on a narrow screen they are what is cut off: the help names them too.
    Binding(keys.MEASURES, "measures", "Times", id="measures", tooltip="What answers take: times, tokens, failures"),
    Binding(
        *(keys.PALETTE, "command_palette", "Palette"),
        id="palette",
        priority=True,
        tooltip="All that can be done",
    ),
]
