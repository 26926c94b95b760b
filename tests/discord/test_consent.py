"""The question: true to what will be read, with one mention, by version; and buttons that outlive the process."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.discord import consent, consent_texts
from echo.discord.consent import Answer, Press, Question

HASHES = {
    1: "c9f60a0ff6326266f6af1ee9d5cee9cbe4139bce955867c98a3f2682065fe7c1",
    2: "9af93fd25dbcdeddb5e5d98b7319bbb7ff4bb08f6af21b54361ed94ccd039885",
    3: "7c518f1d60fe058e3c95f69e7ba4c662c4666fa9d7ece198a79e47009f3e8e1b",
    4: "7f167638c6b080a0bbc91a783954d28e01d8e53bb26221b1d287f7937923d5c3",
    5: "70c3d0d732f741893d74650a710698c87578f917a5f48fc0713dbb66de32de52",
    6: "cec5880448f0d69e9e5b4281f273b447955567f994ea5ff91aadf7de3f36ee75",
    7: "c17612f670608eaa9b7fb8b2972ce864c6ad1e0a9d7f7bd9280e25e943611ed6",
    8: "132017c00ccd715b9670047b2540dde997864863a2feab5af237062491b3924e",
    9: "3b61903167ef4c652c5b5735655ba3296fa870dc4d059b082cfc73ca908a15c4",
    10: "4b77dc129f59e1f7ce12f9e2cb8e759a34d71008edf73b8c8b9579de0ad7c7e5",
}
"""The texts that people have agreed to. A changed text needs a new version, never a new hash here."""


def question(**changes: object) -> Question:
    told: dict[str, object] = {
        "subject_id": 500000000000000001,
        "asker_id": 500000000000000002,
        "asker": "Ada",
        "server": "Somewhere",
        "channels": ("general", "random"),
        "before": "01.06.2026",
        "until": "22.06.2026 12:00 UTC",
    }
    return Question(**{**told, **changes})  # type: ignore[arg-type]


def test_no_text_that_was_ever_shown_is_changed() -> None:
    assert {
        version: consent_texts.text_hash(version) for version in (*consent_texts.WORDINGS, *consent_texts.AGREEMENTS)
    } == HASHES
    shown = {consent_texts.version_of(stays, later) for stays in (True, False) for later in (True, False)}
    assert shown == {7, 8, 9, 10} <= set(HASHES)


def test_the_question_says_who_asked_what_is_read_what_for_how_long_and_how_to_stop() -> None:
    text = consent.ask(question())
    for part in (
        "**Ada** asks",
        "in **Somewhere**",
        "(now #general and #random) and in their threads",
        "before 01.06.2026",
        "of others only the messages just before yours",
        "Nothing that is read leaves the computer",
        "shows to you alone",
        "Nothing counts before you press *I agree to this*",
        "somebody who manages this server has to allow it too",
        "`/echo consent revoke`",
        "`/echo forget`",
        "22.06.2026 12:00 UTC",
    ):
        assert part in text


def test_the_question_says_when_what_is_read_goes_to_another_computer() -> None:
    text = consent.ask(question(stays=False))
    assert "goes to a model server" in text and "Nothing that is read" not in text


def test_the_question_without_a_day_says_that_it_is_about_what_comes_too() -> None:
    text = consent.ask(question(before=None))
    assert "up to now **and from now on, as you write it**" in text and "before None" not in text


def test_somebody_who_asks_for_their_own_echo_is_told_so() -> None:
    text = consent.ask(question(asker_id=500000000000000001, asker="Bo"))
    assert "you asked for an echo of yourself" in text
    assert text.count("<@") == 1


def test_many_channels_are_counted_and_none_is_said_in_words() -> None:
    assert "(now #c0, #c1, #c2, #c3, #c4, #c5, #c6, #c7 and 3" in consent.channel_list([f"c{i}" for i in range(11)])
    assert consent.channel_list([f"c{i}" for i in range(9)]).endswith("#c7 and 1 more channel) and in their threads")
    assert consent.channel_list(["only"]) == "the channels that this bot may read (now #only) and in their threads"
    assert consent.channel_list([]) == "the channels that this bot may read and in their threads"


@given(
    names=st.lists(st.text(max_size=120), max_size=300),
    name=st.text(max_size=120),
    before=st.sampled_from([None, "01.06.2026"]),
    stays=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_whatever_people_are_called_the_question_pings_one_and_fits_a_message(
    names: list[str], name: str, before: str | None, stays: bool
) -> None:
    text = consent.ask(question(asker=name, server=name, channels=names, before=before, stays=stays))
    assert len(text) <= 2000
    assert text.count("<@") == 1 and text.count("@") == 1
    assert text.count("`") == 4


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("[Free gifts](https://example.org)", "[Free gifts] (https: //example.org)"),
        ("HTTPS://example.org", "HTTPS: //example.org"),
        ("discord.gg/abc discord.com/invite/abc", "discord.gg /abc discord.com/invite /abc"),
        ("**Bo** @everyone <@1> `x`\n> q", "Bo everyone 1 x q"),
        ("\u202eoB\x1b[2J", "oB[2J"),
        ("\n\u200b", "somebody"),
    ],
)
def test_nobody_is_called_by_a_link_a_mention_or_markdown(name: str, shown: str) -> None:
    assert consent.plain(name) == shown


@given(st.integers(1, 10**15), st.integers(1, 99))
@settings(max_examples=30, deadline=None)
def test_a_button_carries_all_that_is_needed_after_a_restart(profile_id: int, version: int) -> None:
    yes, no = (consent.read_press(b.custom_id) for b in consent.question_buttons(profile_id, version))
    [forget], [sure] = consent.forget_button(profile_id), consent.sure_button(profile_id)
    assert yes == Press(Answer.YES, profile_id, version)
    assert no == Press(Answer.NO, profile_id)
    assert consent.read_press(forget.custom_id) == Press(Answer.FORGET, profile_id)
    assert consent.read_press(sure.custom_id) == Press(Answer.SURE, profile_id)


@pytest.mark.parametrize(
    "custom_id",
    ["", "echo", "echo:consent:yes:1", "echo:consent:maybe:1:1", "echo:forget:-1", "echo:forget:١", "other:forget:1"],
)
def test_a_custom_id_that_is_not_ours_means_nothing(custom_id: str) -> None:
    assert consent.read_press(custom_id) is None


@given(st.text(max_size=100) | st.from_regex(r"echo:(consent:)?[a-z]{1,6}:.{0,30}", fullmatch=True))
@settings(max_examples=80, deadline=None)
def test_no_custom_id_upsets_the_reading(custom_id: str) -> None:
    press = consent.read_press(custom_id)
    assert press is None or press.profile_id >= 0
