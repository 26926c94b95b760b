"""What is known of an echo: how its person writes, line by line with the figures, and how alike it was in its tests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from console import keys
from console.ports import Trait
from states.feedback import Tally
from states.scores import Axis, AxisKey, Scorecard, overall, share

BAR: Final = 12
"""Cells of an axis's bar."""
LABELLED: Final = 24
"""Cells of an axis's name."""
NO_CARD: Final = "There is nothing to describe yet: the card comes with the first training."
NO_SCORE: Final = "No test has been run: `scorecard_moments` is 0, or there is too little to set apart."
Evidence = Callable[[str], Awaitable[Sequence[str] | str]]


class PortraitScreen(ModalScreen[None]):
    """Closed by Escape or the key that opened it; Enter on a line shows where to find what it says."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding(f"escape,{keys.PORTRAIT}", "dismiss", "Close")]
    AUTO_FOCUS = "OptionList"

    def __init__(
        self,
        title: str,
        traits: Sequence[Trait],
        why_none: str,
        scores: Sequence[Scorecard],
        evidence: Evidence,
        speaks: int | None = None,
        thought: Sequence[Tally] = (),
    ) -> None:
        """`why_none` is said where there are no traits; `evidence` gives links for a trait's key, or a sentence.

        `speaks` is the version that does, where any does. `thought` is what people think of what each version said.
        """
        super().__init__()
        self._title = title
        self._traits = traits
        self._why_none = why_none or NO_CARD
        self._scores = scores
        self._evidence = evidence
        self._speaks = speaks
        self._thought = thought

    def compose(self) -> ComposeResult:
        """The card above, where a line was found below it, then the newest test and the versions."""
        with VerticalScroll(classes="dialog portrait") as dialog:
            dialog.border_title = Content(self._title)
            dialog.border_subtitle = "Enter: where to find it   Escape closes"
            if self._traits:
                yield OptionList(*(Option(trait_line(one)) for one in self._traits))
                yield Static("", id="evidence", markup=False)
            else:
                yield Static(self._why_none, markup=False, classes="paragraph")
            yield Static(scores_shown(self._scores, self._speaks), id="scores")
            yield Static(thought_shown(self._thought), id="thought")

    def on_mount(self) -> None:
        """Begin at the first line."""
        for lines in self.query(OptionList):
            lines.highlighted = 0

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self._find(self._traits[event.option_index])

    @work(exclusive=True)
    async def _find(self, trait: Trait) -> None:
        found = await self._evidence(trait.key)
        told = found if isinstance(found, str) else "\n".join(found) or "No message that is still kept shows it."
        self.query_one("#evidence", Static).update(Content(told))


def trait_line(trait: Trait) -> Content:
    """A line of the card: the sentence, and its figures faintly."""
    return Content.assemble(trait.text, (f"  {trait.figures}" if trait.figures else "", "$text-muted"))


def scores_shown(scores: Sequence[Scorecard], speaks: int | None = None) -> Content:
    """The newest scorecard as bars, its sentence, which version `speaks` where that is another one, and how all did."""
    if not scores:
        return Content.assemble(("How alike it is", "bold"), f"\n{NO_SCORE}")
    newest = scores[-1]
    lines = [Content.assemble((f"How alike version {newest.version} is", "bold"))]
    lines += [axis_line(axis, weakest=axis.key == newest.weakest) for axis in newest.axes]
    lines.append(Content(newest.sentence))
    if speaks not in (None, newest.version):
        lines.append(Content(f"Version {speaks} speaks."))
    if len(scores) > 1:
        told = (f"{one.version}: {_whole(one)}" for one in scores)
        lines.append(Content(f"By version: {', '.join(told)}"))
    return Content("\n").join(lines)


def thought_shown(tallies: Sequence[Tally]) -> Content:
    """What people think of what the versions said, the newest first."""
    told = [f"Version {one.version}: {one.words}" for one in reversed(tallies)]
    return Content.assemble(("Thumbs on Discord", "bold"), "\n" + "\n".join(told or ["None yet."]))


def axis_line(axis: Axis, *, weakest: bool) -> Content:
    """One axis: its name, a bar from the floor (empty) to the person themselves (full), its figure and the ceiling."""
    full = round(share(axis) * BAR)
    style = "$text-warning" if weakest else "$text-primary"
    what = "" if axis.key == AxisKey.FOOLED else f" (person {axis.ceiling:.2f})"
    mark = "  weakest" if weakest else ""
    return Content.assemble(
        f"{axis.label:{LABELLED}.{LABELLED}} ",
        ("█" * full, style),
        ("░" * (BAR - full), "$text-muted"),
        f" {axis.figure:5.2f}{what}{mark}",
    )


def _whole(card: Scorecard) -> str:
    value = overall(card)
    passed = "" if card.passed else ", refused"
    return ("not measured" if value is None else f"{value:.0%}") + passed
