"""How much of a talk echoes may be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from echo.ports import Heard
from echo.share import UNBOUNDED, WINDOW, Ceiling, room

NOW = 10_000.0
USUAL = Ceiling(0.35, 0.5)
ANA, BEN, CLEO = "Ana", "Ben", "Cleo"


def heard(*speakers: str | int, since: float = 600.0) -> list[Heard]:
    """A talk that ends now: humans by name, echoes by their profile's number."""
    step = since / max(1, len(speakers))
    return [
        Heard(number, 1, 0 if isinstance(who, int) else sum(map(ord, who)), str(who), NOW - since + step * number, "hm",
              human=isinstance(who, str), speaker=who if isinstance(who, int) else None)
        for number, who in enumerate(speakers, 1)
    ]  # fmt: skip


def test_in_a_crowd_an_echo_keeps_to_its_share() -> None:
    assert room(heard(ANA, BEN), 7, NOW, USUAL) == 1
    assert room(heard(ANA, BEN, 7, ANA), 7, NOW, USUAL) == 0
    assert room(heard(ANA, BEN, 7, ANA, BEN, ANA, CLEO), 7, NOW, USUAL) == 2


def test_alone_with_one_human_no_share_counts() -> None:
    assert room(heard(ANA, 7, ANA, 7, ANA), 7, NOW, USUAL) == UNBOUNDED
    five_times: list[str | int] = [ANA, 7] * 5
    assert room(heard(BEN, CLEO, *five_times), 7, NOW, USUAL) == UNBOUNDED, "the others have left the two alone"
    assert room(heard(), 7, NOW, USUAL) == UNBOUNDED


def test_echoes_together_have_a_share_too() -> None:
    talk = heard(ANA, BEN, 8, ANA, 9, BEN, 8)
    assert room(talk, 7, NOW, USUAL) == 1
    assert room(talk, 7, NOW, USUAL, coming=1) == 0, "what another is about to say counts"
    assert room(talk, 7, NOW, Ceiling(0.35, 1.0)) > 1


def test_what_is_an_hour_old_is_no_part_of_the_talk() -> None:
    assert room(heard(ANA, BEN, 7, 7, since=4000.0), 7, NOW + 3600, USUAL) == UNBOUNDED
    old = [Heard(1, 1, 0, "7", NOW - 3601, "hm", human=False, speaker=7), *heard(ANA, BEN)]
    assert room(old, 7, NOW, USUAL) == 1


def test_the_ends_of_the_scale_are_always_and_never() -> None:
    assert room(heard(ANA, BEN, 7, 7, 7), 7, NOW, Ceiling(1.0, 1.0)) == UNBOUNDED
    assert room(heard(*[ANA, BEN] * 15), 7, NOW, Ceiling(0.0, 1.0)) == 0


@given(
    talk=st.lists(st.sampled_from([ANA, BEN, CLEO, 7, 8]), max_size=60),
    one=st.floats(0, 1),
    every=st.floats(0, 1),
)
def test_what_is_said_within_its_room_never_passes_a_share(talk: list[str | int], one: float, every: float) -> None:
    found = room(heard(*talk), 7, NOW, Ceiling(one, every))
    if 0 < found < UNBOUNDED:
        after = [*talk, *[7] * found][-WINDOW:]
        assert after.count(7) <= one * len(after)
        assert sum(isinstance(who, int) for who in after) <= every * len(after)
