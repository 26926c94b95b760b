"""The figures that the board shows of answers."""

from __future__ import annotations

from dataclasses import replace

from states.board import Board
from states.measures import Measures, Summary
from states.model import ProfileSnapshot, ProfileState
from tests.support.snapshots import birth

SUMMARY = Summary(
    outcomes=(("answered", 6), ("failed", 2), ("silent", 1), ("stood_in", 1)),
    drafts=20,
    rejected=5,
    tokens=300,
    token_seconds=10.0,
    prompt_tokens=1000,
    evaluated=250,
)


def test_shares_and_speeds_follow_from_the_counts() -> None:
    assert (SUMMARY.total, SUMMARY.count("silent"), SUMMARY.count("elsewhere")) == (10, 1, 0)
    assert (SUMMARY.speed, SUMMARY.drafts_each) == (30.0, SUMMARY.drafts / (10 - SUMMARY.count("stood_in")))
    assert replace(SUMMARY, outcomes=(("answered", 4), ("stood_in", 6)), drafts=12).drafts_each == 3.0
    assert (SUMMARY.rejected_share, SUMMARY.evaluated_share) == (0.25, 0.25)


def test_what_is_not_known_is_no_figure() -> None:
    nothing = Summary()
    assert (nothing.total, nothing.failures) == (0, ())
    assert [nothing.speed, nothing.drafts_each, nothing.rejected_share, nothing.evaluated_share] == [None] * 4
    assert replace(SUMMARY, token_seconds=0.0).speed is None


def test_the_board_shows_them_once_until_the_profile_is_to_be_forgotten() -> None:
    board = Board()
    born = birth().after
    assert isinstance(born, ProfileSnapshot)
    profile = replace(born, id=7)
    board.show(profile)
    board.measure(7, Measures(SUMMARY, SUMMARY))
    revision = board.revision
    board.measure(7, Measures(SUMMARY, SUMMARY))
    board.measure(8, None)
    assert board.revision == revision
    board.show(replace(profile, state=ProfileState.FORGETTING))
    assert board.measures == {}
