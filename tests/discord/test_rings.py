"""What was heard lately is bounded, and never taken for more than it is."""

from __future__ import annotations

from typing import Any

from echo.discord.rings import AGE, MOST, SPARE, Rings

SERVER, START = 1, 10 * AGE
SECOND = 1000 << 22


def message(message_id: int) -> dict[str, Any]:
    return {"id": str(message_id), "content": "hm", "member": {"nick": "B"}, "referenced_message": {"content": "hm"}}


def heard(window: int = 4) -> Rings:
    rings = Rings(window)
    rings.begin(SERVER, START)
    return rings


def test_only_the_newest_of_a_channel_are_kept_and_nothing_is_known_of_those_before() -> None:
    rings = heard()
    for number in range(100):
        rings.add(SERVER, 7, message(START + number * SECOND))
    before = rings.before(SERVER, 7)
    assert len(rings) == len(before.messages) == 2 * 4 + SPARE
    assert int(before.messages[0]["id"]) == START + 99 * SECOND
    assert before.since == START + (99 - 2 * 4 - SPARE) * SECOND + 1
    assert not {"member", "referenced_message"} & before.messages[0].keys()


def test_half_a_day_of_hearing_reaches_back_far_enough() -> None:
    before = heard().before(SERVER, 7)
    assert not before.reaches(START + AGE - 1) and before.reaches(START + AGE)


def test_what_is_too_old_to_be_context_is_forgotten_and_not_missed() -> None:
    rings = heard()
    rings.add(SERVER, 7, message(START))
    rings.add(SERVER, 8, message(START + SECOND))
    rings.add(SERVER, 7, message(START + AGE + SECOND // 2))
    assert [len(rings.before(SERVER, one).messages) for one in (7, 8)] == [1, 1]
    rings.add(SERVER, 7, message(START + AGE + 2 * SECOND))
    assert [len(rings.before(SERVER, one).messages) for one in (7, 8)] == [2, 0]
    assert rings.before(SERVER, 8).reaches(START + AGE + 2 * SECOND)


def test_where_too_many_channels_speak_the_quietest_is_forgotten_and_known_to_be() -> None:
    rings = heard()
    for channel in range(MOST + 1):
        rings.add(SERVER, channel, message(START + AGE + channel))
    assert len(rings) == MOST
    forgotten = rings.before(SERVER, 0)
    assert forgotten.messages == () and not forgotten.reaches(START + AGE + MOST)


def test_what_was_deleted_is_forgotten_and_what_was_edited_is_remembered_as_it_is() -> None:
    rings = heard()
    for number in range(3):
        rings.add(SERVER, 7, message(START + number))
    rings.drop(7, [START + 1, START + 9])
    rings.amend(7, {**message(START + 2), "content": "now"})
    rings.amend(8, message(START + 2))
    assert [(int(one["id"]), one["content"]) for one in rings.before(SERVER, 7).messages] == [
        (START + 2, "now"),
        (START, "hm"),
    ]
    rings.drop_place(7)
    assert len(rings) == 0


def test_servers_in_which_nobody_joins_are_forgotten() -> None:
    rings = heard()
    rings.begin(2, START)
    rings.add(SERVER, 7, message(START))
    rings.add(2, 8, message(START))
    rings.keep({2})
    assert len(rings) == 1 and rings.before(SERVER, 7).messages == ()
    rings.end(2)
    assert len(rings) == 0


def test_where_something_was_passed_over_what_stands_before_is_known_to_be_missing() -> None:
    rings = heard()
    rings.add(SERVER, 7, message(START + AGE))
    rings.pass_over(SERVER, 7, START + AGE + SECOND)
    assert len(rings) == 0
    rings.add(SERVER, 7, message(START + AGE + 2 * SECOND))
    assert not rings.before(SERVER, 7).reaches(START + AGE + 3 * SECOND)
    assert rings.before(SERVER, 7).reaches(START + 2 * AGE + 2 * SECOND)
    assert rings.before(SERVER, 8).reaches(START + AGE + 3 * SECOND), "elsewhere nothing is missing"
