"""What stands on the board, in words: names, states, counts, spans and deadlines. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Final

from states.board import Board, Fault, JournalLine, Progress
from states.model import (
    Deadline,
    MachineKey,
    MachineKind,
    ProfileSnapshot,
    ProfileState,
    SessionSnapshot,
    SessionState,
)

LABEL: Final = " (echo)"
"""What follows a person's name in their echo's."""

PROFILE_WORDS: Final[Mapping[ProfileState, str]] = {
    ProfileState.AWAITING_CONSENT: "awaiting consent",
    ProfileState.COLLECTING: "collecting",
    ProfileState.TRAINING: "training",
    ProfileState.READY: "ready",
    ProfileState.FORGETTING: "forgetting",
    ProfileState.FORGOTTEN: "forgotten",
}
SESSION_WORDS: Final[Mapping[SessionState, str]] = {
    SessionState.OFFLINE: "offline",
    SessionState.LISTENING: "listening",
    SessionState.COMPOSING: "composing",
    SessionState.COOLING: "cooling",
}
DUE_WORDS: Final[Mapping[str, str]] = {
    Deadline.CONSENT: "question ends",
    Deadline.RETRY: "tries again",
    Deadline.TYPE: "types",
    Deadline.SPEAK: "answers",
    Deadline.COOL: "listens again",
    Deadline.QUIET: "gives way to its person, listens again",
    Deadline.REFRESH: "renewed",
    Deadline.OPEN: "may begin a conversation",
    Deadline.PLAN: "looks when to begin one",
}
TOLD_FIRST: Final = (
    Deadline.SPEAK,
    Deadline.TYPE,
    Deadline.RETRY,
    Deadline.COOL,
    Deadline.QUIET,
    Deadline.OPEN,
    Deadline.REFRESH,
    Deadline.CONSENT,
    Deadline.PLAN,
)
"""Of several deadlines, the one that people wait for."""
LIVING: Final = frozenset(ProfileState) - {ProfileState.FORGOTTEN}


def name_of(board: Board, number: int) -> str:
    """What a user, channel or server is called; its number where nobody said."""
    return board.names.get(number, str(number))


def echo_of(board: Board, profile: ProfileSnapshot) -> str:
    """The name under which a profile's echo speaks."""
    return f"{name_of(board, profile.user_id)}{LABEL}"


def living(board: Board) -> list[ProfileSnapshot]:
    """The profiles that are not forgotten, oldest first."""
    return [board.profiles[number] for number in sorted(board.profiles) if board.profiles[number].state in LIVING]


def online_of(board: Board, profile_id: int) -> list[SessionSnapshot]:
    """The sessions in which a profile is online."""
    return [session for session in board.sessions_online() if session.profile_id == profile_id]


def count(number: int, unit: str) -> str:
    """A number of things: "1 message", "1,240 messages", "62 %". `unit` is in the plural."""
    if unit == "%":
        return f"{number} %"
    return f"{number:,} {unit.removesuffix('s') if number == 1 else unit}"


def span(seconds: float) -> str:
    """About how long, in the largest unit of which there are two or more: "3 s", "45 s", "2 min", "5 h", "7 days"."""
    whole = max(0, round(seconds))
    for size, unit in ((86_400, "days"), (3600, "h"), (60, "min")):
        if whole >= 2 * size:
            return f"{round(whole / size)} {unit}"
    return f"{whole} s"


def due_words(due: Mapping[str, datetime], now: datetime) -> str | None:
    """The deadline that people wait for: "answers in 3 s"; "answers now" once it is reached; None where none is set."""
    name = next((one.value for one in TOLD_FIRST if one.value in due), None)
    if name is None:
        return None
    seconds = (due[name] - now).total_seconds()
    when = "now" if seconds < 0.5 else f"in {span(seconds)}"
    return f"{DUE_WORDS[name]} {when}"


def progress_words(progress: Progress) -> str:
    """How far a piece of work is: "1,240 messages read", "62 %", "300 of 500 steps"."""
    if progress.total is None:
        return f"{count(progress.done, progress.unit)} read" if progress.unit == "messages" else str(progress.done)
    if progress.unit == "%":
        return count(progress.done, "%")
    return f"{progress.done:,} of {count(progress.total, progress.unit)}"


def reach(profile: ProfileSnapshot, zone: tzinfo) -> str:
    """Up to when a profile reaches: "before 01.06.2026", or "from now on too" where the subject set no day."""
    return "from now on too" if profile.is_open_ended else f"before {day(profile.cutoff, zone)}"


def rests(profile: ProfileSnapshot) -> bool:
    """Whether an echo in the making waits for a person."""
    at_work = profile.state in (ProfileState.COLLECTING, ProfileState.TRAINING)
    return at_work and profile.reason is not None and Deadline.RETRY not in profile.due


def stale_words(profile: ProfileSnapshot) -> str | None:
    """What the echo does not know yet: "3 messages changed since it learned"; None where it knows all."""
    if profile.stale:
        return f"{count(profile.stale, 'messages')} changed since it learned"
    return f"{count(profile.unlearned, 'messages')} not learned yet" if profile.unlearned else None


def version_words(profile: ProfileSnapshot) -> str | None:
    """Which version speaks, where there is more to say than that: "version 3, fine-tuned, version 2 kept"."""
    words = [f"by {profile.base}"] if profile.base and not profile.tuned else []
    words += ["fine-tuned"] if profile.tuned else []
    words += [f"version {profile.previous} kept"] if profile.previous is not None else []
    return ", ".join([f"version {profile.model_version}", *words]) if words and profile.model_path else None


def day(moment: datetime, zone: tzinfo) -> str:
    """The day of an aware time, as dd.mm.yyyy."""
    return f"{moment.astimezone(zone):%d.%m.%Y}"


def journal_words(board: Board, line: JournalLine) -> tuple[str, str, str]:
    """One recorded step for people: whose machine, what happened, and from where to where."""
    moved = f"{line.source} → {line.dest}" if line.source not in (None, line.dest) else line.dest
    why = json.loads(line.facts).get("why") if line.event == "SilenceChosen" else None
    event = f"{line.event} ({str(why).replace('_', ' ')})" if why else line.event
    return machine_words(board, line.key), event, moved.replace("_", " ")


def machine_words(board: Board, key: MachineKey | None) -> str:
    """Whose machine: "Mara", "Mara in #general"; its key where the board does not know it."""
    if key is None:
        return "nobody"
    if key.kind is MachineKind.PROFILE:
        profile = board.profiles.get(key.id)
        return name_of(board, profile.user_id) if profile else str(key)
    session = board.sessions.get(key.id)
    profile = board.profiles.get(session.profile_id) if session else None
    if session is None or profile is None:
        return str(key)
    return f"{name_of(board, profile.user_id)} in #{name_of(board, session.channel_id)}"


def fault_words(fault: Fault) -> str:
    """A fault as one line."""
    return f"{fault.where}: {fault.sentence}"
