"""The line that always says what to do next: a pure function of the board and of who stands where in the sandbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Final

from console import keys
from console.keys import shown
from console.wording import day, echo_of, living, name_of, online_of, progress_words, span
from states.board import Board
from states.model import Deadline, ProfileSnapshot, ProfileState, SessionSnapshot, SessionState

MARA: Final = "Mara"
MARAS_DATE: Final = datetime(2026, 6, 1)
"""A day that leaves some of what the invented Mara wrote unread, so that the cut-off can be seen to work."""


class Tone(StrEnum):
    """How the line is meant."""

    DO = "do"
    WAIT = "wait"
    TROUBLE = "trouble"


@dataclass(frozen=True, slots=True)
class Guidance:
    """What to do next. `type_in`, where not empty, can be typed as it stands (Tab puts it in the input)."""

    text: str
    tone: Tone = Tone.DO
    type_in: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """Who is spoken as, and where, in the chat pane.

    `people` are the names of all humans, in the order of F2; `pressable` the ids of the questions for a yes whose
    buttons can be reached; `agreeable` the ids of the profiles whose text the speaker is shown, to choose and agree.
    """

    speaker: str
    speaker_id: int
    is_manager: bool
    channel: str
    channel_id: int
    people: Sequence[str] = field(default=())
    pressable: frozenset[int] = frozenset()
    agreeable: frozenset[int] = frozenset()


def suggested_person(people: Sequence[str], speaker: str) -> str:
    """Whom to echo first: Mara where she is, else whoever is spoken as (to echo oneself is always allowed)."""
    return MARA if MARA in people else speaker


def suggested_day(person: str, now: datetime, zone: tzinfo) -> str:
    """Up to when, as dd.mm.yyyy: for Mara the first of June 2026, else today; never later than today."""
    today = now.astimezone(zone)
    if person == MARA and today.date() >= MARAS_DATE.date():
        return f"{MARAS_DATE:%d.%m.%Y}"
    return f"{today:%d.%m.%Y}"


def guide(board: Board, selected: int | None, scene: Scene | None, now: datetime, zone: tzinfo) -> Guidance:
    """What to do next about the selected profile; `scene` is None on Discord itself."""
    here = living(board)
    profile = next((one for one in here if one.id == selected), here[-1] if here else None)
    if profile is None:
        return _first(scene, now, zone)
    if profile.reason and profile.state is not ProfileState.FORGETTING and _is_stuck(profile):
        return _stuck(board, profile, now)
    match profile.state:
        case ProfileState.AWAITING_CONSENT:
            return _awaiting(board, profile, scene, zone)
        case ProfileState.COLLECTING | ProfileState.TRAINING:
            return _working(board, profile)
        case ProfileState.FORGETTING:
            if profile.reason and Deadline.RETRY in profile.due:
                return _stuck(board, profile, now)
            return Guidance(f"Erasing everything of {name_of(board, profile.user_id)}…", Tone.WAIT)
    online = online_of(board, profile.id)
    return _talking(board, profile, online, scene, now) if online else _ready(board, profile, scene)


def _first(scene: Scene | None, now: datetime, zone: tzinfo) -> Guidance:
    if scene is None:
        return Guidance("Nobody is echoed yet: in your Discord server, type /echo create and choose whom to ask.")
    person = suggested_person(scene.people, scene.speaker)
    before = suggested_day(person, now, zone)
    command = f"/echo create user:@{person} before:{before}"
    if not scene.is_manager and person != scene.speaker:
        return Guidance(f"Speak as {person} ({shown(keys.SPEAKER)}), then type {command} and press Enter.")
    return Guidance(f"Type {command} and press Enter (Tab fills it in).", type_in=command)


def _is_stuck(profile: ProfileSnapshot) -> bool:
    if profile.state is ProfileState.AWAITING_CONSENT:
        # Where a key was taken out, it can be put in again.
        return profile.expires is None
    return profile.state in (ProfileState.COLLECTING, ProfileState.TRAINING)


def _stuck(board: Board, profile: ProfileSnapshot, now: datetime) -> Guidance:
    retry = profile.due.get(Deadline.RETRY)
    reason = f"{name_of(board, profile.user_id)}: {profile.reason}"
    if retry is not None:
        return Guidance(f"{reason} It is tried again in {span((retry - now).total_seconds())}.", Tone.TROUBLE)
    again = "" if profile.state is ProfileState.AWAITING_CONSENT else f"{shown(keys.RETRY)} tries again, "
    if profile.paused:
        again = f"{shown(keys.RESUME)} goes on, "
    return Guidance(f"{reason} {again}{shown(keys.FORGET)} forgets this echo.", Tone.TROUBLE)


def _awaiting(board: Board, profile: ProfileSnapshot, scene: Scene | None, zone: tzinfo) -> Guidance:
    name = name_of(board, profile.user_id)
    where = f"#{name_of(board, profile.channel_id)}"
    if profile.consent_message_id is None:
        return Guidance(f"The question to {name} is being put in {where}…", Tone.WAIT)
    if scene is None:
        if profile.agreed:
            return Guidance(f"{name} agreed; somebody who manages the server has to allow it in {where}.", Tone.WAIT)
        return Guidance(f"{name} is asked in {where}: nothing is read before they press I agree there.", Tone.WAIT)
    if profile.id in scene.agreeable and not profile.agreed and scene.speaker_id == profile.user_id:
        return Guidance(f"{name} may choose now: press {shown(keys.BUTTONS)}, then Enter on I agree to this.")
    if profile.consent_message_id not in scene.pressable:
        return _lost(board, profile, scene, zone)
    steps = []
    if profile.agreed and not scene.is_manager:
        steps.append(f"speak as a manager ({shown(keys.SPEAKER)})")
    if not profile.agreed and scene.speaker_id != profile.user_id:
        steps.append(f"speak as {name} ({shown(keys.SPEAKER)})")
    if scene.channel_id != profile.channel_id:
        steps.append(f"go to {where} ({shown(keys.CHANNEL)})")
    label = "Allow it in this server" if profile.agreed else "I agree"
    steps.append(f"press {shown(keys.BUTTONS)}, then Enter on {label}")
    asked = "has agreed, and a manager is asked" if profile.agreed else "is asked for a yes"
    return Guidance(f"{name} {asked}: {', '.join(steps)}.")


def _lost(board: Board, profile: ProfileSnapshot, scene: Scene, zone: tzinfo) -> Guidance:
    """What to do where the question is out of reach, or deleted."""
    name = name_of(board, profile.user_id)
    before = "" if profile.is_open_ended else f" before:{day(profile.cutoff, zone)}"
    command = f"/echo create user:@{name}{before}"
    may_ask = scene.is_manager or scene.speaker_id == profile.user_id
    first = "" if may_ask else f"speak as {name} ({shown(keys.SPEAKER)}) and "
    return Guidance(
        f"{name} is asked for a yes, but the button is not in sight: look in #{name_of(board, profile.channel_id)}, "
        f"or {first}type {command} again, which puts the question anew.",
        type_in=command if may_ask else "",
    )


def _working(board: Board, profile: ProfileSnapshot) -> Guidance:
    name = name_of(board, profile.user_id)
    progress = board.progress.get(profile.key)
    far = f" {progress_words(progress)}" if progress else ""
    reading = profile.state is ProfileState.COLLECTING
    doing = f"Reading what {name} wrote…" if reading else f"Learning how {name} writes…"
    return Guidance(f"{doing}{far}", Tone.WAIT)


def _ready(board: Board, profile: ProfileSnapshot, scene: Scene | None) -> Guidance:
    name = name_of(board, profile.user_id)
    if scene is None:
        return Guidance(
            f"The echo of {name} is ready: {shown(keys.ONLINE)} brings it online, or type /echo online in Discord."
        )
    others = [one for one in living(board) if one.can_speak and one.id != profile.id]
    command = f"/echo online profile:{name}" if others else "/echo online"
    if not scene.is_manager and scene.speaker_id != profile.user_id:
        return Guidance(f"The echo of {name} is ready: {shown(keys.ONLINE)} brings it online in #{scene.channel}.")
    return Guidance(f"The echo of {name} is ready: type {command} and press Enter.", type_in=command)


def _talking(
    board: Board, profile: ProfileSnapshot, online: Sequence[SessionSnapshot], scene: Scene | None, now: datetime
) -> Guidance:
    echo = echo_of(board, profile)
    here = next((one for one in online if scene and one.channel_id == scene.channel_id), online[0])
    where = f"#{name_of(board, here.channel_id)}"
    if scene is None:
        places = ", ".join(f"#{name_of(board, one.channel_id)}" for one in online)
        return Guidance(f"{echo} is online in {places}; {shown(keys.OFFLINE)} takes it offline.", Tone.WAIT)
    if here.channel_id != scene.channel_id:
        return Guidance(f"{echo} is online in {where}: go there with {shown(keys.CHANNEL)} and say something.")
    if here.state is SessionState.COMPOSING:
        return Guidance(_composing(echo, here, now), Tone.WAIT)
    if Deadline.QUIET in here.due:
        wait = max(0.0, (here.due[Deadline.QUIET] - now).total_seconds())
        return Guidance(
            f"{echo} gives way to its person, who was here themselves; it listens again in {wait / 60:.0f} min, "
            f"or after /echo offline and /echo online.",
            Tone.WAIT,
        )
    hello = f"Hi {echo}, what are you up to?"
    if scene.speaker_id == profile.user_id and len(scene.people) > 1:
        return Guidance(
            f"Say something to {echo} as somebody else ({shown(keys.SPEAKER)}): where its person writes, it is quiet."
        )
    may_end = scene.is_manager or scene.speaker_id == profile.user_id
    end = "type /echo offline" if may_end else f"{shown(keys.OFFLINE)} takes it offline"
    return Guidance(f"Say something to {echo}; {end} when you have had enough.", type_in=hello)


def _composing(echo: str, session: SessionSnapshot, now: datetime) -> str:
    speak = session.due.get(Deadline.SPEAK)
    if speak is None:
        return f"{echo} is thinking about what to say…"
    seconds = (speak - now).total_seconds()
    if session.typing or session.part or seconds < 1:
        return f"{echo} is typing…"
    return f"{echo} answers in {span(seconds)}: it takes the time that the person would."
