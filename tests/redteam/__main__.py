"""`python -m tests.redteam [--replies N]`: every attack on both engines; N replies (10,000) that would tell secrets.

Exit codes: 0, or 1 where something leaked that must not.
"""

from __future__ import annotations

import argparse
import asyncio
import sys

from tests.redteam.attacks import attacks
from tests.redteam.canaries import recited, said_by_herself
from tests.redteam.raid import Outcome, raid_embedded, raid_ollama
from tests.redteam.test_red_team import BOUNDS
from tests.support.ollama import ollama_at_loopback


async def raids() -> list[tuple[str, Outcome]]:
    """Every attack on both engines."""
    async with ollama_at_loopback() as server:
        obeying = await raid_ollama(attacks(), server)
    return [("obeying chat model", obeying), ("embedded", await raid_embedded(attacks()))]


def main() -> int:
    """Prints a line for each family; see above."""
    parser = argparse.ArgumentParser(prog="python -m tests.redteam", description="Attack both engines.")
    parser.add_argument("--replies", type=int, default=10_000, help="replies of each kind that would tell secrets")
    replies = parser.parse_args().replies
    failed = False
    for engine, outcome in asyncio.run(raids()):
        for family in outcome.asked:
            sys.stdout.write(f"{engine}: {outcome.line(family)}\n")
            failed |= outcome.leaks[family] > BOUNDS.get(family, 0.0) * outcome.asked[family]
    for who, leaks in (("an obeying model's", recited(replies)), ("the embedded engine's", said_by_herself(replies))):
        sys.stdout.write(f"canaries: {len(leaks)} of {replies:,} of {who} replies leak one\n")
        failed |= bool(leaks)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
