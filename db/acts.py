"""Which steps are acts that the audit keeps: consents, erasures, and what operators and managers do to an echo."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import aiosqlite

from db.audit import Act, put
from db.cipher import Cipher
from states import events as ev
from states.decide import Step
from states.model import Deadline, ProfileSnapshot, Snapshot

ACTS: Final[Mapping[type[ev.Event], Act]] = MappingProxyType(
    {
        ev.EchoAsked: Act.ASKED,
        ev.ConsentGiven: Act.CONSENT_GIVEN,
        ev.TermsChosen: Act.CONSENT_CHANGED,
        ev.ConsentRevoked: Act.CONSENT_REVOKED,
        ev.ConsentOutdated: Act.CONSENT_CHANGED,
        ev.ApprovalGiven: Act.APPROVED,
        ev.ApprovalWithdrawn: Act.APPROVAL_WITHDRAWN,
        ev.ConsentDeclined: Act.CONSENT_DECLINED,
        ev.AllowanceGiven: Act.ALLOWANCE_GIVEN,
        ev.AllowanceWithdrawn: Act.ALLOWANCE_WITHDRAWN,
        ev.OnlineAsked: Act.ONLINE,
        ev.OfflineAsked: Act.OFFLINE,
        ev.ForgetAsked: Act.FORGETTING_ASKED,
        ev.EverythingForgotten: Act.ERASED,
        ev.PauseAsked: Act.OPERATOR,
        ev.ResumeAsked: Act.OPERATOR,
        ev.CancelAsked: Act.OPERATOR,
        ev.RetryAsked: Act.OPERATOR,
        ev.RefreshAsked: Act.OPERATOR,
        ev.RollbackAsked: Act.OPERATOR,
        ev.BaseChosen: Act.OPERATOR,
    }
)
"""Event -> what the audit calls it."""
_KEPT: Final = ("channel_id", "text_version", "text_hash", "allowance", "rows")
"""Fields of events that the audit keeps: ids, counts and words of ours."""


async def put_act(connection: aiosqlite.Connection, house: Cipher, step: Step, after: Snapshot) -> None:
    """Append what a step is to the audit, in the step's own transaction; nothing where it is none of `ACTS`."""
    event = step.event
    act = ACTS.get(type(event))
    if isinstance(event, ev.TimerFired) and event.name == Deadline.EXPIRY:
        act = Act.CONSENT_EXPIRED
    if act is None:
        return
    facts: dict[str, int | str] = {name: getattr(event, name) for name in _KEPT if hasattr(event, name)}
    # By that, an older snapshot that somebody put back shows: the audit can't be changed unnoticed.
    facts |= {"machine": after.key.kind.value, "version": after.version}
    if act is Act.OPERATOR:
        facts["what"] = type(event).__name__
    await put(
        connection,
        house,
        event.at,
        act,
        by=_by(event),
        server_id=after.server_id,
        profile_id=after.id if isinstance(after, ProfileSnapshot) else after.profile_id,
        **facts,
    )


def _by(event: ev.Event) -> int:
    """Who did it: whoever the event names, else Echo itself in the name of who runs it."""
    by: int = event.asker_id if isinstance(event, ev.EchoAsked) else getattr(event, "by", 0)
    return by
