"""What comes of queued effects, well or otherwise, for tests in which nothing is really done."""

from __future__ import annotations

from datetime import datetime

from db.outbox import OutboxRow
from states import events as ev
from states.effects import AskConsent, Collect, Compose, Forget, Say, Train


def outcome(row: OutboxRow, now: datetime, how: int) -> ev.Event | None:
    """What comes of an effect: well (0), or in one of its other ways (1, 2)."""
    match row.effect:
        case AskConsent():
            return ev.ConsentPosted(now, 900) if how == 0 else ev.ConsentNotPosted(now, "away", how == 1)
        case Collect():
            failed = ev.CollectionFailed(now, "away", transient=True)
            return failed if how == 1 else ev.CollectionFinished(now, 500 if how == 0 else 5, 50)
        case Train(version=version):
            failed_to = ev.TrainingFailed(now, "away", transient=how == 1)
            return failed_to if how else ev.TrainingFinished(now, f"models/1-{version}.model", version, 500, 1.0)
        case Forget():
            return ev.ForgettingFailed(now, "locked") if how else ev.EverythingForgotten(now, 500)
        case Compose(turn=turn):
            if how == 2:
                return ev.DraftFailed(now, turn, "away")
            gaps = (1.0,) if turn % 2 else ()
            return ev.SilenceChosen(now, turn) if how else ev.DraftMade(now, turn, row.id, 4.0, 2.0, gaps)
        case Say(generation_id=generation, part=part):
            failed_say = ev.SayingFailed(now, generation, part, "away", gone=how == 2)
            return failed_say if how else ev.PartSaid(now, generation, part, 1000 + row.id)
        case _:
            return None
