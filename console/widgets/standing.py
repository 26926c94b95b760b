"""Who is spoken as, and where."""

from __future__ import annotations

from typing import Final

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Select, Static

from console.guidance import Scene
from console.messages import SceneChanged
from console.ports import Town
from console.scene import Person, Place, first_speaker, humans, places

CYCLED: Final = 9
"""People or channels among which one goes by a key; of more, the key opens the list."""


class Standing(Horizontal):
    """Begins with a manager in the first channel; posts SceneChanged whenever either changes."""

    def __init__(self, town: Town) -> None:
        super().__init__(id="standing")
        self._town = town
        self.people: tuple[Person, ...] = humans(town.people())
        self.places: tuple[Place, ...] = places(town.channels())
        self.speaker: Person | None = first_speaker(self.people)
        self.place: Place | None = self.places[0] if self.places else None

    def compose(self) -> ComposeResult:
        """Two lists to choose from."""
        yield Static("as", classes="caption")
        yield self._select("speaker", self._speakers(), self.speaker)
        yield Static("in", classes="caption")
        yield self._select("channel", self._channels(), self.place)

    @property
    def both(self) -> tuple[Person, Place] | None:
        """Who and where; None while the sandbox has nobody or no channel."""
        return (self.speaker, self.place) if self.speaker and self.place else None

    @property
    def scene(self) -> Scene | None:
        """The same for the guidance line."""
        if self.both is None:
            return None
        who, where = self.both
        return Scene(who.name, int(who.id), who.is_manager, where.name, int(where.id), self.names)

    @property
    def names(self) -> list[str]:
        """Those of the people."""
        return [one.name for one in self.people]

    def speak_as(self, person_id: str) -> None:
        """Speak as this person from now on."""
        self.query_one("#speaker", Select).value = person_id

    def go_to(self, channel_id: str) -> None:
        """Look at this channel from now on."""
        self.query_one("#channel", Select).value = channel_id

    def next_speaker(self) -> None:
        """Speak as the next person, or open the list of them where they are many."""
        self._turn("#speaker", [one.id for one in self.people], self.speaker)

    def next_channel(self) -> None:
        """Go to the next channel, or open the list of them where they are many."""
        self._turn("#channel", [one.id for one in self.places], self.place)

    def read(self) -> None:
        """Look again at who and what channels there are."""
        self.people, self.places = humans(self._town.people()), places(self._town.channels())
        for selector, options, now in (
            ("#speaker", self._speakers(), self.speaker),
            ("#channel", self._channels(), self.place),
        ):
            select = self.query_one(selector, Select)
            with select.prevent(Select.Changed):
                select.set_options(options)
                if now and now.id in [one for _, one in options]:
                    select.value = now.id

    @on(Select.Changed)
    def _chosen(self, event: Select.Changed) -> None:
        event.stop()
        speaker = next((one for one in self.people if one.id == event.value), self.speaker)
        place = next((one for one in self.places if one.id == event.value), self.place)
        if (speaker, place) != (self.speaker, self.place):
            self.speaker, self.place = speaker, place
            self.post_message(SceneChanged())

    # As `Text`, because a plain string would be read as markup, and people choose their names themselves.

    def _speakers(self) -> list[tuple[Text, str]]:
        return [(Text(one.shown), one.id) for one in self.people]

    def _channels(self) -> list[tuple[Text, str]]:
        return [(Text(one.shown), one.id) for one in self.places]

    def _select(self, id: str, options: list[tuple[Text, str]], now: Person | Place | None) -> Select[str]:
        if now is None:
            return Select(options, id=id, compact=True, prompt="nobody" if id == "speaker" else "nowhere")
        return Select(options, id=id, compact=True, allow_blank=False, value=now.id)

    def _turn(self, selector: str, ids: list[str], now: Person | Place | None) -> None:
        select = self.query_one(selector, Select)
        if len(ids) > CYCLED:
            select.focus()
            select.action_show_overlay()
        elif ids:
            select.value = ids[(ids.index(now.id) + 1) % len(ids) if now and now.id in ids else 0]
