"""What was heard lately, who is told of it, and who is addressed."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.discord.address import names_echo
from echo.discord.hearing import KEPT, Hearing
from echo.discord.translate import Seen
from echo.ports import Heard
from states.board import Board
from states.events import Event, MessageHeard
from states.model import MachineKey, ProfileSnapshot, ProfileState, SessionSnapshot, SessionState

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
ECHO_ID, MARA, KOFI = 700000000000000000, 500000000000000001, 500000000000000002
HERE, ELSEWHERE = 31, 32


def profile(number: int, user_id: int) -> ProfileSnapshot:
    return ProfileSnapshot(
        id=number,
        version=1,
        state=ProfileState.READY,
        server_id=9,
        user_id=user_id,
        asker_id=user_id,
        channel_id=HERE,
        cutoff=NOON,
        created_at=NOON,
    )


def session(number: int, profile_id: int, channel_id: int = HERE) -> SessionSnapshot:
    return SessionSnapshot(
        id=number,
        version=1,
        state=SessionState.LISTENING,
        profile_id=profile_id,
        server_id=9,
        channel_id=channel_id,
        started_by=MARA,
        started_at=NOON,
    )


class Room:
    """A board with Mara's echo (1) and perhaps Kofi's (2) online here, and what they are told."""

    def __init__(self, *, both: bool = False) -> None:
        self.board = Board()
        self.told: list[tuple[int, MessageHeard]] = []
        self.ids = itertools.count(100)
        self.hearing = Hearing(self.board, self._post, lambda: NOON)
        self.board.name({MARA: "Mara Lund", KOFI: "Kofi"})
        for number, user_id in ((1, MARA), (2, KOFI)) if both else ((1, MARA),):
            self.board.show(profile(number, user_id))
            self.board.show(session(10 * number, number))

    def _post(self, key: MachineKey, event: Event) -> None:
        assert isinstance(event, MessageHeard)
        self.told.append((key.id, event))

    def hear(self, text: str = "hi", message_id: int = 1, **more: object) -> None:
        seen_keys = {"own", "to", "to_name"}
        about = {key: value for key, value in more.items() if key not in seen_keys}
        seen = {key: value for key, value in more.items() if key in seen_keys}
        self.hearing.hear(Seen(heard(text, message_id, **about), **seen), ECHO_ID)  # type: ignore[arg-type]

    def addressed(self, text: str, **more: Any) -> dict[int, bool]:
        """Which profiles a message is meant for."""
        self.told.clear()
        self.hear(text, **{"message_id": next(self.ids), **more})
        return {key // 10: event.addressed for key, event in self.told}


def test_a_message_that_comes_twice_is_told_once() -> None:
    room = Room()
    assert room.addressed("mara, you there?", message_id=7) == {1: True}
    assert room.addressed("mara, you there?", message_id=7) == {}


def heard(text: str = "hi", message_id: int = 1, **more: object) -> Heard:
    told: dict[str, object] = {"channel_id": HERE, "author_id": 77, "author": "Ada", "ts": 0.0, "human": True}
    return Heard(message_id=message_id, text=text, **{**told, **more})  # type: ignore[arg-type]


# what is remembered


def test_only_channels_with_an_echo_online_are_remembered() -> None:
    room = Room()
    room.hear("one", 1)
    room.hear("two", 2, channel_id=ELSEWHERE)
    assert [one.text for one in room.hearing.recent(HERE)] == ["one"]
    assert room.hearing.recent(ELSEWHERE) == []
    assert len(room.told) == 1


def test_what_was_heard_is_forgotten_when_the_echo_goes_offline() -> None:
    room = Room()
    room.hear("one", 1)
    room.hearing.prime(HERE, [heard("zero", 0)])
    assert room.hearing.is_primed(HERE)
    room.board.show(replace(session(10, 1), state=SessionState.OFFLINE))
    assert room.hearing.recent(HERE) == [] and not room.hearing.is_primed(HERE)
    room.board.show(session(10, 1))
    assert room.hearing.recent(HERE) == []


def test_what_stood_there_before_takes_its_place_before_what_was_heard_since() -> None:
    room = Room()
    room.hear("three", 3)
    room.hearing.prime(HERE, [heard("one", 1), heard("two", 2), heard("three", 3)])
    assert [one.text for one in room.hearing.recent(HERE)] == ["one", "two", "three"]


def test_a_message_is_remembered_once_and_by_whoever_knows_its_speaker() -> None:
    room = Room()
    room.hearing.remember(heard("mine", 5, speaker=1, human=False))
    room.hear("mine", 5, own=True, author="Somebody else (echo)", human=False)
    assert [one.speaker for one in room.hearing.recent(HERE)] == [1]
    assert room.told == []


def test_deleted_and_edited_messages_are_remembered_as_they_are_now() -> None:
    room = Room()
    for number in (1, 2, 3):
        room.hear(f"text {number}", number)
    room.hearing.drop(HERE, (1, 3))
    room.hearing.amend(HERE, 2, "better")
    room.hearing.amend(ELSEWHERE, 2, "nowhere")
    room.hearing.drop(ELSEWHERE, (2,))
    assert [(one.message_id, one.text) for one in room.hearing.recent(HERE)] == [(2, "better")]


@given(st.lists(st.integers(1, 500), max_size=200))
@settings(max_examples=40, deadline=None)
def test_the_newest_messages_are_kept_in_order_whatever_order_they_come_in(numbers: list[int]) -> None:
    room = Room()
    for number in numbers:
        room.hear(str(number), number)
    kept = [one.message_id for one in room.hearing.recent(HERE)]
    assert kept == sorted(kept) and len(set(kept)) == len(kept) <= KEPT
    assert set(kept) <= set(numbers)
    assert not numbers or max(numbers) in kept


# who is told


def test_an_echo_is_never_told_of_its_own_words_and_others_hear_a_bot() -> None:
    room = Room(both=True)
    room.hear("as Mara says", 1, own=True, speaker=1, author_id=0, author="Mara Lund (echo)")
    [(told, event)] = room.told
    assert told == 20 and not event.human and event.author_id == 0


def test_an_echo_knows_its_own_words_by_its_name_before_it_knows_their_number() -> None:
    room = Room(both=True)
    room.hear("quick", 1, own=True, author_id=0, author="Kofi (echo)", human=False)
    assert [told for told, _ in room.told] == [10]
    assert [one.speaker for one in room.hearing.recent(HERE)] == [2]


def test_where_one_echo_is_online_echos_words_are_its_own_whatever_its_name_was() -> None:
    room = Room()
    room.hear("renamed since", 1, own=True, author_id=0, author="Old name (echo)", human=False)
    assert room.told == []


def test_other_bots_are_heard_as_bots() -> None:
    room = Room()
    room.hear("beep", 1, human=False, author_id=88)
    [(_, event)] = room.told
    assert not event.human and event.author_id == 88 and event.message_id == 1 and event.at == NOON


# who is addressed


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("mara what do you think", True),
        ("Mara Lund, really?", True),
        ("hey mara!", True),
        ("@mara are you there", True),
        ("so what would you say, mara?", True),
        ("I asked @Mara about it", True),
        ("mara (echo) hello", True),
        ("good morning mara 🌞", True),
        ("how was the river, mara lund?!", True),
        ("so i asked mara (echo) about it", True),
        ("I saw mara yesterday", False),
        ("maranatha", False),
        ("tamara is here", False),
        ("what do you think", False),
        ("", False),
    ],
)
def test_an_echo_is_addressed_by_its_name_where_people_put_names(text: str, meant: bool) -> None:
    assert names_echo(text, ("Mara Lund", "mara_l")) is meant


def test_a_name_of_one_letter_or_none_is_not_looked_for() -> None:
    assert not names_echo("a cat", ("A",))
    assert not names_echo("hello", ())
    assert names_echo("(.*) hello", ("(.*)",))


@given(st.text(max_size=60), st.lists(st.text(max_size=20), max_size=4))
@settings(max_examples=80, deadline=None)
def test_no_text_and_no_name_upsets_the_search(text: str, names: list[str]) -> None:
    assert isinstance(names_echo(text, names), bool)


def test_a_mention_of_the_bot_is_meant_for_every_echo_and_one_of_the_subject_for_theirs() -> None:
    room = Room(both=True)
    assert room.addressed(f"<@{ECHO_ID}> who knows?") == {1: True, 2: True}
    assert room.addressed(f"<@!{KOFI}> hm") == {1: False, 2: True}
    assert room.addressed("who knows?") == {1: False, 2: False}


def test_an_answer_is_meant_for_the_echo_whose_words_it_answers() -> None:
    room = Room(both=True)
    assert room.addressed("no!", to=2, to_name="Kofi (echo)") == {1: False, 2: True}
    assert room.addressed("no!", to_name="Mara Lund (echo)") == {1: True, 2: False}
    room.hearing.remember(heard("old words", 40, speaker=1, human=False))
    assert room.addressed("no!", message_id=50, reply_to=40, to_name="Old name (echo)") == {1: True, 2: False}
    # Whoever answers Kofi's echo by pinging the bot still means Kofi's.
    assert room.addressed(f"<@{ECHO_ID}> no!", to=2, to_name="Kofi (echo)") == {1: False, 2: True}


def test_the_subject_themself_is_heard_as_human_and_addresses_their_echo_only_by_naming_it() -> None:
    room = Room()
    assert room.addressed("just me talking", author_id=MARA, author="Mara Lund") == {1: False}
    assert room.told[0][1].human
    assert room.addressed("mara, you there?", author_id=MARA, author="Mara Lund") == {1: True}
