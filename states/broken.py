"""What a machine hears of an effect of its own that broke unforeseen, so that it never waits for it in vain."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from states import effects as do
from states import events as ev

LOOK_AGAIN: Final = timedelta(hours=6)
"""When to look again whether an echo would begin a conversation, where it is not known now."""


def event_of(effect: do.Effect, at: datetime, reason: str) -> ev.Event | None:
    """The failure that `effect` ends in, for a `reason` without message text; None where nothing waits for it.

    Where its machine can try again, it will: what nobody foresaw may well pass.
    """
    match effect:
        case do.AskConsent():
            return ev.ConsentNotPosted(at, reason, transient=True)
        case do.Collect():
            return ev.CollectionFailed(at, reason, transient=True)
        case do.Train():
            return ev.TrainingFailed(at, reason, transient=True)
        case do.Amend(version=version):
            return ev.AmendingFailed(at, version, reason)
        case do.Forget():
            return ev.ForgettingFailed(at, reason)
        case do.Disclose():
            return ev.OfflineAsked(at, 0, reason)
        case do.Compose(turn=turn):
            return ev.DraftFailed(at, turn, reason)
        case do.PlanOpening():
            return ev.OpeningPlanned(at, at + LOOK_AGAIN, begins=False)
        case do.Say(generation_id=generation_id, part=part):
            return ev.SayingFailed(at, generation_id, part, reason, gone=False)
        case _:
            return None
