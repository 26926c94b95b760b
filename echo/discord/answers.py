"""What people are told in answer to `/echo status`, `list` and `help`, and about each state. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from db.stored import Outcome, PlaceResult
from echo.discord.allowances import IN_STATUS
from echo.discord.consent import plain
from echo.discord.consent_texts import reach
from echo.discord.dates import show_day, show_span
from states.board import Board, Progress
from states.model import Deadline, ProfileSnapshot, ProfileState, SessionSnapshot

CELLS: Final = 12
"""Of a progress bar."""
NAMED: Final = 3
"""Channels, and reasons why they were not read, that are told one by one."""
NO_TRAITS: Final[Mapping[int, str]] = MappingProxyType({})
NO_PLACES: Final[Mapping[int, Mapping[int, PlaceResult]]] = MappingProxyType({})
LONGEST: Final = 2000
"""Characters: the most of a message."""

NOBODY_YET: Final = "There is no echo in this server yet: `/echo create` asks somebody (or yourself) for one."
NOT_KEPT: Final = (
    "Echo's database takes nothing at the moment, so nothing was changed: try again in a while, or tell whoever runs "
    "this bot."
)
WENT_WRONG: Final = (
    "Something went wrong on Echo's side; `/echo status` shows what holds now. If it happens again, tell whoever runs "
    "this bot."
)

HELP: Final = (
    "**Echo** makes echoes: bots that write the way a person writes, if that person agrees.\n"
    "`/echo create user before` asks somebody, or yourself, for an echo. Only what they wrote before the start of the "
    "day `before` (dd.mm.yyyy, for example {example}) is read, and only after they pressed *I agree*; without a day, "
    "what they write from then on too. Asking others takes the permission Manage Server.\n"
    "`/echo consent show` tells what you agreed to, `change` lets you choose anew, `revoke` takes it back at once.\n"
    "`/echo import` adds what you wrote here from your own Discord data package to your echo.\n"
    "`/echo online` brings an echo into the channel you are in, `/echo offline` takes it out again.\n"
    "`/echo allow` lets your own echo do more, if you want it to, and takes that back.\n"
    "`/echo quiz user` asks who wrote this, a person who allows it or their echo.\n"
    "`/echo report` shows how like you your echo was found in its test, and with a message's link reports that message "
    "of an echo to those who manage the server.\n"
    "`/echo privacy` makes you invisible to every echo of a server: nothing you write there is read or answered.\n"
    "`/echo status` shows how far the echoes here are, `/echo list` which there are.\n"
    "`/echo forget` erases an echo with everything that was read and learned for it: your own at once, at any time, "
    "also in a direct message to Echo. `/echo export` gives you all that is held about you.\n"
    "An echo always stands under a name that ends in “(echo)”, speaks only where it was brought online, and pings "
    "nobody.\nMessages that were read are kept encrypted for {days} days. {reach}"
)

_STATES: Final = {
    ProfileState.AWAITING_CONSENT: "waits for their answer",
    ProfileState.COLLECTING: "is reading what they wrote",
    ProfileState.TRAINING: "is learning how they write",
    ProfileState.READY: "is ready",
    ProfileState.FORGETTING: "is being erased",
    ProfileState.FORGOTTEN: "is erased",
}
_DEADLINES: Final = {
    Deadline.CONSENT.value: "the question ends",
    Deadline.RETRY.value: "the next try is",
    Deadline.REFRESH.value: "it is renewed",
    Deadline.EXPIRY.value: "the consent ends",
}


def status(
    board: Board,
    server_id: int,
    now: datetime,
    zone: ZoneInfo,
    places: Mapping[int, Mapping[int, PlaceResult]] = NO_PLACES,
    traits: Mapping[int, str] = NO_TRAITS,
) -> str:
    """How far every echo of a server is, its reasons and deadlines, what could not be read, and where it is online.

    `places` gives by profile what came of each channel and thread, `traits` what tells most of how somebody writes.
    """
    profiles = living(board, server_id)
    if not profiles:
        return NOBODY_YET
    online = board.sessions_online(server_id)
    lines = [
        _standing(board, profile, now, zone, online)
        + unread(board, places.get(profile.id, {}))
        + (f" {traits[profile.id]}" if traits.get(profile.id) else "")
        + _thumbs(board, profile)
        for profile in profiles
    ]
    return fitted(lines)


def _thumbs(board: Board, profile: ProfileSnapshot) -> str:
    """What people think of what the version said that speaks; empty where nobody said."""
    found = [one for one in board.feedback.get(profile.id, ()) if one.version == profile.model_version]
    return f" Thumbs for version {found[0].version}: {found[0].words}." if found else ""


def unread(board: Board, places: Mapping[int, PlaceResult]) -> str:
    """Which channels were not read whole, grouped by why; empty where all were."""
    reasons: dict[str, list[str]] = {}
    for one in places.values():
        if one.reason is not None and one.outcome is not Outcome.READ:
            reasons.setdefault(one.reason, []).append(place(board, one.channel_id))
    told = []
    for reason, where in sorted(reasons.items(), key=lambda item: (-len(item[1]), item[0])):
        more = f" and {len(where) - NAMED} more" if len(where) > NAMED else ""
        told.append(f"{', '.join(sorted(where)[:NAMED])}{more}: {reason}")
    return f" Not read: {' '.join(told[:NAMED])}" if told else ""


def listing(board: Board, server_id: int, zone: ZoneInfo) -> str:
    """The echoes of a server, one a line."""
    lines = [
        f"{profile.id}. **{name_of(board, profile)}**, {reaching(profile, zone)}: {_doing(profile)}{_learned(profile)}"
        for profile in living(board, server_id)
    ]
    return fitted(lines) if lines else NOBODY_YET


def help_text(days: int, example: str, stays: bool) -> str:
    """What Echo is and how to stop it. `stays`: the model runs on the computer that runs Echo."""
    return HELP.format(days=days, example=example, reach=reach(stays))


def living(board: Board, server_id: int) -> list[ProfileSnapshot]:
    """The profiles of a server that are not erased, in the order of their numbers."""
    found = board.profiles_in(server_id).values()
    return sorted((p for p in found if p.state is not ProfileState.FORGOTTEN), key=lambda profile: profile.id)


def name_of(board: Board, profile: ProfileSnapshot) -> str:
    """What the subject is called, as far as is known."""
    return plain(board.names.get(profile.user_id) or f"user {profile.user_id}")


def place(board: Board, channel_id: int) -> str:
    """A channel by name, as far as is known."""
    name = board.names.get(channel_id)
    return f"#{plain(name)}" if name else f"<#{channel_id}>"


def written(profile: ProfileSnapshot, zone: ZoneInfo) -> str:
    """What is read of a person: "wrote before 01.06.2026", "wrote, and write from now on"."""
    if profile.is_open_ended:
        return "wrote, and write from now on"
    return f"wrote before {show_day(profile.cutoff, zone)}"


def reaching(profile: ProfileSnapshot, zone: ZoneInfo) -> str:
    """Up to when a profile reaches: "before 01.06.2026", "from now on too"."""
    return "from now on too" if profile.is_open_ended else f"before {show_day(profile.cutoff, zone)}"


def working(board: Board, profile: ProfileSnapshot) -> str:
    """How far the making of an echo is, in sentences; what can be said of it changes as it goes on."""
    progress = board.progress.get(profile.key)
    if progress is None:
        return "It is being made now; `/echo status` shows how far it is."
    doing = "Their messages are being read" if progress.what == "collecting" else "It is learning from them"
    return f"{doing}{far(progress)}."


def far(progress: Progress) -> str:
    """How a piece of work goes about it, and how far it is: " (by search): ▰▰▰▰▰▰▱▱▱▱▱▱ 50 %"."""
    how = f" ({progress.detail})" if progress.detail else ""
    shown = f"{bar(progress.share)} " if progress.share is not None else ""
    return f"{how}: {shown}{progress_text(progress)}"


def bar(share: float) -> str:
    """A progress bar for a share of 0 to 1."""
    done = round(CELLS * max(0.0, min(1.0, share)))
    return "▰" * done + "▱" * (CELLS - done)


def progress_text(progress: Progress) -> str:
    """How far a piece of work is, for example "1,204 of 6,000 messages"."""
    share = progress.share
    if progress.unit == "%" or (progress.unit != "messages" and share is not None):
        return f"{round(100 * (share or 0))} %"
    of_total = f" of {progress.total:,}" if progress.total else ""
    return f"{progress.done:,}{of_total} {progress.unit}"


def fitted(lines: Iterable[str], most: int = LONGEST) -> str:
    """Lines as one message of at most `most` characters; those that no longer fit are counted."""
    shown: list[str] = []
    room = most - 40
    left = 0
    for line in lines:
        if left or len(line) + 1 > room:
            left += 1
            continue
        shown.append(line)
        room -= len(line) + 1
    return "\n".join([*shown, f"... and {left} more."] if left else shown)


def _standing(
    board: Board, profile: ProfileSnapshot, now: datetime, zone: ZoneInfo, online: Sequence[SessionSnapshot]
) -> str:
    parts = [f"**{name_of(board, profile)}** (number {profile.id}, {reaching(profile, zone)}) "]
    parts.append(_doing(profile) + _learned(profile))
    progress = board.progress.get(profile.key)
    if progress is not None and (profile.paused or not _stands_still(profile)):
        parts.append(far(progress))
    parts.append(".")
    if profile.stale:
        one = profile.stale == 1
        parts.append(f" {profile.stale:,} message{' was' if one else 's were'} edited or deleted since it learned.")
    elif profile.unlearned:
        parts.append(f" {profile.unlearned:,} message{'' if profile.unlearned == 1 else 's'} came since it learned.")
    if profile.reason:
        parts.append(f" {profile.reason}")
    if profile.allows:
        parts.append(f" Allowed: {', '.join(IN_STATUS[one] for one in sorted(profile.allows))}.")
    for name, due in sorted(profile.due.items()):
        if name in _DEADLINES:
            parts.append(f" {_sentence(_DEADLINES[name], due - now)}")
    where = [place(board, session.channel_id) for session in online if session.profile_id == profile.id]
    if where:
        parts.append(f" Online in {', '.join(sorted(where))}.")
    elif profile.state is ProfileState.READY:
        parts.append(" Not online; `/echo online` brings it into a channel.")
    return "".join(parts)


def _sentence(what: str, left: timedelta) -> str:
    when = f"in {show_span(left)}" if left > timedelta() else "now"
    return f"{what[0].upper()}{what[1:]} {when}."


def _stands_still(profile: ProfileSnapshot) -> bool:
    at_work = profile.state in (ProfileState.COLLECTING, ProfileState.TRAINING)
    return at_work and profile.reason is not None and Deadline.RETRY not in profile.due


def _doing(profile: ProfileSnapshot) -> str:
    if profile.state is ProfileState.AWAITING_CONSENT and profile.agreed:
        return "waits for somebody who manages this server to allow it"
    if profile.state is ProfileState.AWAITING_CONSENT and profile.expires is not None:
        return "rests until its person agrees again"
    return "stands still" if _stands_still(profile) else _STATES[profile.state]


def _learned(profile: ProfileSnapshot) -> str:
    if profile.state is not ProfileState.READY:
        return ""
    # What is stored now is no longer what it learned from.
    learned = "" if profile.stale or profile.unlearned else "learned from "
    return f" ({learned}{profile.messages:,} message{'' if profile.messages == 1 else 's'})"
