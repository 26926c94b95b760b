"""What the palette offers: about one profile, and in the chat."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from typing import Any

from console.acts import possible
from console.commands import Offer
from console.operating import Operating
from console.widgets.standing import Standing
from console.wording import living, name_of
from states.board import Board
from states.model import ProfileSnapshot

Act = Coroutine[Any, Any, None]


def offers_about(
    profile: ProfileSnapshot,
    board: Board,
    channel_id: int | None,
    operating: Operating,
    start: Callable[[Act], None],
) -> Iterator[Offer]:
    """What is possible about it now; `start` runs an act. `channel_id` is the one that one looks at, if any."""
    name, acts = name_of(board, profile.user_id), possible(board, profile.id, channel_id)
    where = "in this channel" if channel_id is not None else "in a channel of your choice"
    offered: tuple[tuple[bool, str, str, Callable[[], Act]], ...] = (
        (acts.online, f"Bring {name} online", where, lambda: operating.online(profile, channel_id)),
        (bool(acts.offline), f"Take {name} offline", "the echo falls silent", lambda: operating.offline(profile)),
        (acts.retry, f"Retry {name}", profile.reason or "", lambda: operating.retry(profile)),
        (acts.pause, f"Pause {name}", "collecting rests where it stands", lambda: operating.pause(profile)),
        (acts.resume, f"Resume {name}", "collecting goes on from where it rests", lambda: operating.resume(profile)),
        (
            acts.cancel,
            f"Cancel {name}",
            "give up collecting or learning",
            lambda: operating.cancel(profile),
        ),
        (acts.refresh, f"Refresh {name}", "collect what is new and train anew", lambda: operating.refresh(profile)),
        (acts.roll_back, f"Roll {name} back", _versions(profile), lambda: operating.roll_back(profile)),
        (
            profile.is_living and operating.has_bases,
            *(f"Choose a model for {name}", "the one it speaks by, or all echoes of this server"),
            lambda: operating.base(profile),
        ),
        (acts.portrait, f"Show {name}'s card", "how they write, how alike it is", lambda: operating.portrait(profile)),
        (acts.forget, f"Forget {name}", "erase everything, after a question", lambda: operating.forget(profile)),
    )
    for is_possible, title, about, act in offered:
        if is_possible:
            yield Offer(title, about, _starting(start, act))


def offers_about_servers(board: Board, operating: Operating, start: Callable[[Act], None]) -> Iterator[Offer]:
    """Silencing whole servers, and ending that."""
    for server_id in sorted({profile.server_id for profile in living(board)} | board.halts.keys()):
        name = name_of(board, server_id)
        if server_id in board.halts:
            act = partial(operating.unhalt, server_id)
            yield Offer(f"Let echoes of {name} speak", "they may come online again", _starting(start, act))
        else:
            act = partial(operating.halt, server_id)
            yield Offer(f"Silence {name}", "every echo of this server goes offline at once", _starting(start, act))


def _versions(profile: ProfileSnapshot) -> str:
    return f"version {profile.previous} speaks again, version {profile.model_version} is kept"


def offers_in_chat(standing: Standing) -> Iterator[Offer]:
    """Where one can go in the sandbox, and as whom one can speak."""
    for place in standing.places:
        yield Offer(f"Go to #{place.name}", "in the chat", partial(standing.go_to, place.id))
    for person in standing.people:
        yield Offer(f"Speak as {person.name}", "in the chat", partial(standing.speak_as, person.id))


def _starting(start: Callable[[Act], None], act: Callable[[], Act]) -> Callable[[], None]:
    return lambda: start(act())
