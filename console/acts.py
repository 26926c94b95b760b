"""What can be done about a profile as it stands now: what the keys, the footer and the palette offer. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from console.wording import online_of
from states.board import Board
from states.model import Deadline, ProfileState
from states.profile import PAUSED

FORGETTABLE = (ProfileState.AWAITING_CONSENT, ProfileState.COLLECTING, ProfileState.TRAINING, ProfileState.READY)


@dataclass(frozen=True, slots=True)
class Acts:
    """What is possible; `offline` holds the ids of the sessions that can be ended."""

    online: bool = False
    offline: tuple[int, ...] = ()
    retry: bool = False
    pause: bool = False
    resume: bool = False
    cancel: bool = False
    refresh: bool = False
    forget: bool = False
    portrait: bool = False
    roll_back: bool = False


def possible(board: Board, profile_id: int | None, channel_id: int | None = None) -> Acts:
    """What can be done about a profile; `online` is about `channel_id`, or about any channel where None."""
    profile = board.profiles.get(profile_id) if profile_id is not None else None
    if profile is None:
        return Acts()
    sessions = online_of(board, profile.id)
    at_work = profile.state in (ProfileState.COLLECTING, ProfileState.TRAINING)
    under_way = profile.reason is None or Deadline.RETRY in profile.due
    collecting, training = profile.state is ProfileState.COLLECTING, profile.state is ProfileState.TRAINING
    return Acts(
        online=profile.can_speak and not any(session.channel_id == channel_id for session in sessions),
        offline=tuple(session.id for session in sessions),
        retry=at_work and profile.reason is not None and (training or not profile.paused),
        pause=collecting and under_way,
        resume=collecting and profile.paused,
        cancel=(at_work and under_way) or (collecting and profile.reason == PAUSED),
        refresh=profile.state is ProfileState.READY,
        forget=profile.state in FORGETTABLE,
        roll_back=profile.state is ProfileState.READY and profile.previous is not None,
        portrait=profile.can_speak or bool(board.scores.get(profile.id)),
    )
