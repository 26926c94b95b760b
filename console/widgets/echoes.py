"""The profiles: name, state, progress, messages, and why or until when one waits."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Final

from textual import on
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from console.messages import ProfileChosen
from console.theme import MUTED
from console.wording import (
    PROFILE_WORDS,
    count,
    due_words,
    living,
    name_of,
    progress_words,
    reach,
    rests,
    stale_words,
    version_words,
)
from states.board import Board
from states.model import Deadline, ProfileSnapshot, ProfileState

STATE_COLOURS: Final = {
    ProfileState.AWAITING_CONSENT: "$text-warning",
    ProfileState.COLLECTING: "$text-primary",
    ProfileState.TRAINING: "$text-primary",
    ProfileState.READY: "$text-success",
    ProfileState.FORGETTING: "$text-error",
}
BAR: Final = 14
"""Cells of a progress bar."""


class Echoes(OptionList):
    """One entry a profile. What the keys do is about the highlighted one; a new profile is highlighted as it comes."""

    def __init__(self) -> None:
        super().__init__(id="echoes")
        self.border_title = "Echoes"

    @property
    def selected(self) -> int | None:
        """The id of the highlighted profile."""
        option = self.highlighted_option
        return int(option.id) if option is not None and option.id is not None else None

    def show(self, board: Board, now: datetime, zone: tzinfo) -> list[int]:
        """Show the profiles as they stand, changing only what is different; the ids of those that are gone."""
        wanted = {str(profile.id): _entry(board, profile, now, zone) for profile in living(board)}
        held = [str(option.id) for option in self.options]
        gone = [one for one in held if one not in wanted]
        for one in gone:
            self.remove_option(one)
        fresh = [one for one in wanted if one not in held]
        for one in fresh:
            self.add_option(Option(wanted[one], id=one))
        for one in held:
            if one in wanted and not _is_same(self.get_option(one).prompt, wanted[one]):
                self.replace_option_prompt(one, wanted[one])
        if fresh:
            self.highlighted = self.get_option_index(fresh[-1])
        elif self.highlighted is None and wanted:
            self.highlighted = len(self.options) - 1
        return [int(one) for one in gone]

    @on(OptionList.OptionHighlighted)
    def _chosen(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        if event.option_id is not None:
            self.post_message(ProfileChosen(int(event.option_id)))


def bar(share: float, width: int = BAR) -> tuple[str, str]:
    """A progress bar for a share of 0 to 1, in two parts: what is done and what is not."""
    done = round(max(0.0, min(1.0, share)) * width)
    return "━" * done, "━" * (width - done)


def _entry(board: Board, profile: ProfileSnapshot, now: datetime, zone: tzinfo) -> Content:
    state = (PROFILE_WORDS[profile.state], STATE_COLOURS[profile.state])
    if rests(profile):
        state = ("stands still", "$text-warning")
    lines = [Content.assemble((name_of(board, profile.user_id), "bold"), "  ", state)]
    progress = board.progress.get(profile.key)
    if progress is not None and progress.share is not None:
        done, rest = bar(progress.share)
        # How much of what is told above; here is no room for more than the share.
        far = f" {progress.share:.0%}".replace("%", " %")
        lines.append(Content.assemble((done, "$primary"), (rest, "$surface-lighten-2"), far))
    elif progress is not None:
        lines.append(Content(progress_words(progress)))
    if progress is not None and progress.detail:
        lines.append(Content.styled(progress.detail, MUTED))
    if progress is None and profile.messages:
        lines.append(Content(count(profile.messages, "messages")))
    lines.append(Content.styled(reach(profile, zone), MUTED))
    if stale := stale_words(profile):
        lines.append(Content.styled(stale, "$text-warning"))
    # The week that a question stands open is no news while nobody waits for it to end.
    due = due_words({name: at for name, at in profile.due.items() if name != Deadline.CONSENT}, now)
    if versions := version_words(profile):
        lines.append(Content.styled(versions, MUTED))
    if profile.reason:
        # What is ready waits for nobody: its reason is a note.
        style = MUTED if profile.state is ProfileState.READY else "$text-warning"
        lines.append(Content.styled(profile.reason, style))
    if due:
        lines.append(Content.styled(due, "$text-warning"))
    return Content("\n").join(lines)


def _is_same(shown: object, wanted: Content) -> bool:
    return isinstance(shown, Content) and shown.is_same(wanted)
