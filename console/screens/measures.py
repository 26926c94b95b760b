"""What the echoes' answers took in the last hour and day, and what the newest ones took one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Sparkline, Static

from console import keys
from console.wording import echo_of
from states.board import Board
from states.measures import ANSWERED, FAILED, SILENT, STOOD_IN, Measures, Spread, Summary

LOOKED_EVERY: Final = 0.5
"""Seconds between two looks at the board."""
LABELLED: Final = 13
"""Cells of a row's name."""
FIGURED: Final = 26
"""Cells of a column."""
NOTHING: Final = "No answer was asked of any echo within a day: what answers take shows here."
EXPLAINED: Final = "Seconds: the median, and what 95 % of the answers do not exceed."


class MeasuresScreen(ModalScreen[None]):
    """Closed by Escape or the key that opened it. Looks at the board as long as it is open."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding(f"escape,{keys.MEASURES}", "dismiss", "Close")]

    def __init__(self, board: Board, first: int | None) -> None:
        """The profile `first`, where there is one, is shown above the others."""
        super().__init__()
        self._board = board
        self._first = first
        self._blocks: dict[int, MeasuresBlock] = {}

    def compose(self) -> ComposeResult:
        """A block for each echo that was asked for anything."""
        with VerticalScroll(classes="dialog measures") as dialog:
            dialog.border_title = "What answers take"
            dialog.border_subtitle = "Escape closes"
            yield Static(NOTHING, id="nothing", markup=False)
            for number in self._order():
                yield self._block(number)
            yield Static(EXPLAINED, id="explained", markup=False)

    def on_mount(self) -> None:
        """Keep up with the board."""
        self._look()
        self.set_interval(LOOKED_EVERY, self._look)

    def _order(self) -> list[int]:
        return sorted(self._board.measures, key=lambda number: (number != self._first, number))

    def _block(self, number: int) -> MeasuresBlock:
        block = self._blocks[number] = MeasuresBlock()
        return block

    def _look(self) -> None:
        """Show what changed, add who came, remove who went."""
        for number in set(self._blocks) - set(self._board.measures):
            self._blocks.pop(number).remove()
        for number in self._order():
            if number not in self._blocks:
                self.query_one(VerticalScroll).mount(self._block(number), before="#explained")
        for number, block in self._blocks.items():
            profile = self._board.profiles.get(number)
            title = echo_of(self._board, profile) if profile else f"Profile {number}"
            version = profile.model_version if profile else 0
            block.show(f"{title}, version {version}", self._board.measures[number])
        self.query_one("#nothing").display = not self._blocks
        self.query_one("#explained").display = bool(self._blocks)


class MeasuresBlock(Vertical):
    """One echo's figures; repainted only where they change."""

    def __init__(self) -> None:
        super().__init__(classes="measured")
        self._shown: tuple[str, Measures] | None = None
        self._table = Static()
        self._times, self._speeds = Course("answer times", " s"), Course("tokens/s", "")

    def compose(self) -> ComposeResult:
        """The table, and the courses below it."""
        yield self._table
        yield self._times
        yield self._speeds

    def show(self, title: str, measures: Measures) -> None:
        """Show these."""
        if (title, measures) != self._shown:
            self._shown = title, measures
            self._table.update(table(title, measures))
            self._times.show(measures.answer_times)
            self._speeds.show(measures.speeds)


class Course(Vertical):
    """How a figure went from answer to answer, the newest on the right."""

    def __init__(self, name: str, unit: str) -> None:
        super().__init__(classes="course")
        self._caption, self._line = Static(), Sparkline()
        self._called, self._unit = name, unit

    def compose(self) -> ComposeResult:
        """What it is, and the line."""
        yield self._caption
        yield self._line

    def show(self, figures: Sequence[float]) -> None:
        """Show these, the oldest first; of fewer than two there is no course."""
        self.display = len(figures) > 1
        if self.display:
            least, most, newest = map(_figure, (min(figures), max(figures), figures[-1]))
            span = f"{least} to {most}{self._unit}, the newest {newest}{self._unit}"
            self._caption.update(Content.assemble((f"{self._called:{LABELLED}} ", "$text-muted"), span))
            # What looks alike is drawn alike.
            self._line.data = [round(figure, 2) for figure in figures]


def table(title: str, measures: Measures) -> Content:
    """The figures of the last hour and day, row by row; a row of which neither is known is left out."""
    rows: list[tuple[str, Callable[[Summary], str]]] = [
        ("answered", _answered),
        ("first word", lambda one: _spread(one.first_token)),
        ("whole answer", lambda one: _spread(one.seconds)),
        ("waiting", lambda one: _spread(one.wait)),
        ("tokens/s", lambda one: "" if one.speed is None else f"{one.speed:.1f}"),
        ("drafts", _drafts),
        ("prompt anew", lambda one: "" if one.evaluated_share is None else f"{one.evaluated_share:.0%}"),
        ("instead", lambda one: _count(one, STOOD_IN, "by the embedded engine")),
        ("silent", lambda one: _count(one, SILENT, "nothing passed")),
        ("failed", lambda one: _count(one, FAILED, "nothing said")),
    ]
    lines = [Content.assemble((f"{title:.{FIGURED * 2}}", "bold")), _line("", "last hour", "last day", "$text-muted")]
    for name, told in rows:
        hour, day = told(measures.hour), told(measures.day)
        if hour or day:
            lines.append(_line(name, hour or "-", day))
    lately = dict(measures.hour.failures)
    for kind, count in measures.day.failures:
        hour = f"{lately[kind]:,}" if kind in lately else "-"
        lines.append(_line(kind.replace("_", " "), hour, f"{count:,}", "$text-warning"))
    return Content("\n").join(lines)


def _figure(figure: float) -> str:
    return f"{figure:.2f}" if figure < 10 else f"{figure:.1f}"


def _line(name: str, hour: str, day: str, style: str = "") -> Content:
    return Content.assemble((f"{name:{LABELLED}.{LABELLED}} ", "$text-muted"), (f"{hour:{FIGURED}}{day}", style))


def _answered(summary: Summary) -> str:
    return f"{summary.count(ANSWERED):,} of {summary.total:,}" if summary.total else ""


def _spread(spread: Spread | None) -> str:
    return f"{spread.p50:.2f}, {spread.p95:.2f} s" if spread else ""


def _drafts(summary: Summary) -> str:
    if summary.drafts_each is None or summary.rejected_share is None:
        return ""
    return f"{summary.drafts_each:.1f} each, {summary.rejected_share:.0%} rejected"


def _count(summary: Summary, outcome: str, what: str) -> str:
    count = summary.count(outcome)
    return f"{count:,} {what}" if count else ""
