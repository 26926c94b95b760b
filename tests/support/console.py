"""Driving the console by keys, and reading what it shows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from textual import events
from textual.pilot import Pilot
from textual.widgets import Static

from console.app import EchoConsole
from console.ports import Trait

LIMIT: Final = 60.0
"""Seconds after which something that does not come to be seen fails the test."""

LOOK_AGAIN: Final = 0.02
"""Seconds between two looks at the screen."""

AnyPilot = Pilot[Any]


def screen_text(app: EchoConsole) -> str:
    """What stands on the screen, line by line, as a reader of the terminal sees it."""
    # Textual has no public way to the text but through an SVG, which takes ten times as long.
    return "\n".join(strip.text.rstrip() for strip in app.screen._compositor.render_strips())


def words(app: EchoConsole) -> str:
    """The same with line breaks and borders made spaces, so that wrapped sentences can be found."""
    text = screen_text(app)
    return " ".join("".join(" " if sign in "│╭╮╰╯─▎█▌▁▂▃▄▅▆▇" else sign for sign in text).split())


def can_be_read(app: EchoConsole, text: str) -> bool:
    """Whether a text stands on the screen: in one go, or wrapped within one widget that lies over others."""
    if text in screen_text(app) or text in words(app):
        return True
    statics = [one for one in app.screen.query("*") if isinstance(one, Static) and one.is_on_screen]
    on_top = [one for one in statics if app.screen.find_widget(one).visible_region.area]
    return any(text in " ".join(str(one.render()).split()) for one in on_top)


async def until(pilot: AnyPilot, fact: Callable[[], Any]) -> Any:
    """Let the console work until `fact()` is true; its value."""
    async with asyncio.timeout(LIMIT):
        while not (found := fact()):
            # Textual announces no drawing: the screen is looked at again and again, but not so often as to hold it up.
            await pilot.pause(LOOK_AGAIN)
        return found


async def see(pilot: AnyPilot, *texts: str) -> None:
    """Wait until these can be read on the screen."""
    app = pilot.app
    assert isinstance(app, EchoConsole)
    try:
        await until(pilot, lambda: all(can_be_read(app, text) for text in texts))
    except TimeoutError:
        raise AssertionError(f"{texts} were not to be seen on:\n{screen_text(app)}") from None


async def unsee(pilot: AnyPilot, text: str) -> None:
    """Wait until this can't be read on the screen any more."""
    app = pilot.app
    assert isinstance(app, EchoConsole)
    try:
        await until(pilot, lambda: not can_be_read(app, text))
    except TimeoutError:
        raise AssertionError(f"{text!r} still stands on:\n{screen_text(app)}") from None


async def type_in(pilot: AnyPilot, text: str) -> None:
    """Press the keys of a text."""
    await pilot.press(*("space" if sign == " " else sign for sign in text))


async def paste(pilot: AnyPilot, text: str) -> None:
    """Put a text in the focused input at once, as a terminal pastes it: quicker than key by key."""
    pilot.app.post_message(events.Paste(text))
    await pilot.pause()


@dataclass
class RecordingOperator:
    """An operator whose acts are only noted down; every one is told to have gone well."""

    acts: list[tuple[str, int, int | None]] = field(default_factory=list)
    places: list[tuple[int, str]] = field(default_factory=list)
    traits: list[Trait] = field(default_factory=list)
    models: list[tuple[str, str]] = field(default_factory=list)
    has_bases: bool = True

    async def online(self, profile_id: int, channel_id: int) -> str:
        self.acts.append(("online", profile_id, channel_id))
        return "The echo is online."

    async def offline(self, session_id: int) -> str:
        self.acts.append(("offline", session_id, None))
        return "The echo is offline."

    async def retry(self, profile_id: int) -> str:
        self.acts.append(("retry", profile_id, None))
        return "It is tried again."

    async def pause(self, profile_id: int) -> str:
        self.acts.append(("pause", profile_id, None))
        return "Collecting rests."

    async def resume(self, profile_id: int) -> str:
        self.acts.append(("resume", profile_id, None))
        return "Collecting goes on."

    async def cancel(self, profile_id: int) -> str:
        self.acts.append(("cancel", profile_id, None))
        return "It is cancelled."

    async def refresh(self, profile_id: int) -> str:
        self.acts.append(("refresh", profile_id, None))
        return "It is collected and trained anew."

    async def roll_back(self, profile_id: int) -> str:
        self.acts.append(("roll back", profile_id, None))
        return "Version 1 speaks again."

    async def bases(self) -> list[tuple[str, str]] | str:
        return self.models or "Ollama does not answer."

    async def choose_base(self, profile_id: int, base: str) -> str:
        self.acts.append((f"by {base}", profile_id, None))
        return "It speaks by another model from now on."

    async def choose_server_base(self, server_id: int, base: str) -> str:
        self.acts.append((f"all by {base}", server_id, None))
        return "All speak by another model from now on."

    async def fetch(self, name: str) -> str:
        self.acts.append((f"fetch {name}", 0, None))
        return f"{name} is there."

    async def halt(self, server_id: int) -> str:
        self.acts.append(("halt", server_id, None))
        return "Every echo of this server is silent now."

    async def unhalt(self, server_id: int) -> str:
        self.acts.append(("unhalt", server_id, None))
        return "Echoes of this server may come online again."

    async def forget(self, profile_id: int) -> str:
        self.acts.append(("forget", profile_id, None))
        return "Everything of this echo is being erased."

    async def card(self, profile_id: int) -> list[Trait] | str:
        return self.traits or "There is nothing to describe yet."

    async def evidence(self, profile_id: int, key: str) -> list[str] | str:
        self.acts.append((f"evidence of {key}", profile_id, None))
        return [f"https://discord.com/channels/1/2/{number}" for number in (31, 32)]

    def channels(self, server_id: int) -> list[tuple[int, str]]:
        return self.places
