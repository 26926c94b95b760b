"""The benchmark of requests: searching asks less than walking, on talk that comes in bursts as people's does."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path

from bench.figures import Scale
from bench.requests import invented, measure


async def test_searching_takes_fewer_requests_than_walking_and_finds_the_same(tmp_path: Path) -> None:
    [found] = await measure(Scale(runs=1, quick=True), tmp_path)
    assert found.against == "walking every channel" and found.value < found.plain[0] / 2
    assert "finds 100% of what walking finds" in found.note


def test_invented_talk_is_the_same_every_time_and_comes_in_bursts() -> None:
    written = invented(5000, 3)
    assert written == invented(5000, 3) != invented(5000, 4)
    assert len(written) == 5000 and [one.ts for one in written] == sorted(one.ts for one in written)
    counts = Counter(one.author for one in written)
    assert counts.most_common(1)[0][1] > 5 * sorted(counts.values())[len(counts) // 2]
    room = [one.ts for one in written if one.channel == "room-0"]
    gaps = sorted(later - earlier for earlier, later in itertools.pairwise(room))
    # Most answers come within a minute; between conversations lie hours.
    assert gaps[len(gaps) // 2] < 60 and gaps[-1] > 3600
