"""What the benchmark of prompts counts holds in the suite, too: it is a count, the same on every machine."""

from __future__ import annotations

from pathlib import Path

from bench import prompting
from bench.figures import Scale


async def test_from_turn_to_turn_far_less_of_a_prompt_is_evaluated_again_than_of_a_naive_one(tmp_path: Path) -> None:
    figures = {one.name: one for one in await prompting.measure(Scale(1, quick=True), tmp_path)}
    for talk in ("a lively talk", "a slow talk"):
        share, tokens = figures[f"prompt evaluated again in {talk}"], figures[f"tokens evaluated a turn in {talk}"]
        assert share.value < 40 < 60 < (share.plain_value or 0)
        assert share.ratios[0] < 0.5 and tokens.ratios[0] < 0.5
