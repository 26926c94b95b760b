"""`/echo allow`: the subject alone, with the text before the yes, and back again at any time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from db.allowances import Allowances
from echo.discord.agreeing import OVER
from echo.discord.allowances import text_hash
from echo.discord.allowing import ALLOWED_NOW, GIVEN, LEFT, NONE_OWN, NOT_AGREED, OUTDATED, TAKEN_BACK
from states.effects import RecordAllowance
from states.model import Allowance
from states.policy import SENTENCES, Refused
from tests.discord.edge import Edge, edge_at
from tests.discord.test_presses import forged


@pytest.fixture
async def edge(tmp_path: Path) -> AsyncIterator[Edge]:
    async with edge_at(tmp_path) as edge:
        yield edge


async def test_the_subject_reads_what_it_means_says_yes_and_takes_it_back(edge: Edge) -> None:
    profile = await edge.ready("Bo")
    asked = await edge.command("Bo", "echo allow", what="quiz")
    assert asked["ephemeral"] and "ten moments of what you really wrote" in asked["content"]
    assert [one["label"] for one in asked["components"]] == ["I allow this", "No"]
    assert (await edge.press("Bo", asked, "I allow this"))["content"] == GIVEN
    assert edge.profile("Bo").allows == {Allowance.QUIZ}
    assert "Allowed: the quiz." in (await edge.command("Cy Day", "echo status"))["content"]
    [kept] = await Allowances(edge.database).of(profile.id)
    hashed = text_hash(Allowance.QUIZ, 1)
    assert kept.given == RecordAllowance(edge.id_of("Bo"), Allowance.QUIZ, edge.clock(), 1, hashed)

    again = await edge.command("Bo", "echo allow", what="quiz")
    assert again["content"].startswith(ALLOWED_NOW)
    assert (await edge.press("Bo", again, "Take it back"))["content"] == TAKEN_BACK
    assert edge.profile("Bo").allows == frozenset()
    assert "Allowed" not in (await edge.command("Cy Day", "echo status"))["content"]
    [kept] = await Allowances(edge.database).of(profile.id)
    assert kept.withdrawn_at == edge.clock()


async def test_no_changes_nothing(edge: Edge) -> None:
    await edge.ready("Bo")
    asked = await edge.command("Bo", "echo allow", what="openers")
    assert "at most 2 times in 24 hours" in asked["content"]
    assert (await edge.press("Bo", asked, "No"))["content"] == LEFT
    assert edge.profile("Bo").allows == frozenset()


async def test_who_has_no_echo_can_allow_nothing_a_manager_included(edge: Edge) -> None:
    await edge.ready("Bo")
    assert await edge.refused("Ada", "echo allow", what="quiz") == NONE_OWN
    await edge.asked("Cy Day", "Ada")
    assert await edge.refused("Cy Day", "echo allow", what="quiz") == NOT_AGREED


async def test_nobody_allows_anything_for_somebody_else_by_a_forged_press(edge: Edge) -> None:
    await edge.ready("Bo")
    for who in ("Ada", "Cy Day"):
        assert await forged(edge, who, "echo:allow:yes:1:quiz:1") == SENTENCES[Refused.NOT_THE_SUBJECT]
    assert edge.profile("Bo").allows == frozenset()
    assert await forged(edge, "Bo", "echo:allow:yes:1:quiz:1") == GIVEN
    assert await forged(edge, "Ada", "echo:allow:back:1:quiz") == SENTENCES[Refused.NOT_THE_SUBJECT]
    assert edge.profile("Bo").allows == {Allowance.QUIZ}


async def test_presses_that_come_again_too_late_or_about_nothing_are_told_so(edge: Edge) -> None:
    await edge.ready("Bo")
    assert await forged(edge, "Bo", "echo:allow:back:1:quiz") == SENTENCES[Refused.NOT_ALLOWED]
    assert await forged(edge, "Bo", "echo:allow:yes:1:quiz:2") == OUTDATED
    assert await forged(edge, "Bo", "echo:allow:yes:999:quiz:1") == OVER
    assert await forged(edge, "Bo", "echo:allow:yes:1:quiz:1") == GIVEN
    assert await forged(edge, "Bo", "echo:allow:yes:1:quiz:1") == SENTENCES[Refused.ALREADY_ALLOWED]
    await edge.command("Bo", "echo forget")
    assert await forged(edge, "Bo", "echo:allow:yes:1:openers:2") == SENTENCES[Refused.FORGOTTEN]
    assert edge.profile("Bo").allows == frozenset()
