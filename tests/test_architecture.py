"""The floors, the bounds and the order of the design hold, and the checker would see it if they did not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.architecture import CHECKS, PRODUCT, Check, SourceTree, read_tree

ROOT = Path(__file__).parent.parent

PLANTED = [
    ("floors", "states/model.py", "import os.path\n\nimport db.rows\n", 3, "states/ must not import db/"),
    ("floors", "db/rows.py", "def f():\n    from schedules import timers\n", 2, "db/ must not import schedules/"),
    ("floors", "console/app.py", "from echo.app import serve\n", 1, "console/ must not import echo/"),
    ("floors", "echo/app.py", "from tests.support import x\n", 1, "echo/ must not import tests/"),
    ("third_party", "db/rows.py", "from nextcord.ext import commands\n", 1, "nextcord is only for echo/"),
    ("third_party", "echo/app.py", "import sqlite3, aiosqlite\n", 1, "aiosqlite is only for db/"),
    ("third_party", "echo/app.py", "import textual.app as a\n", 1, "textual is only for console/"),
    ("pure_states", "states/model.py", "import re\nimport asyncio\n", 2, "must not import asyncio"),
    ("pure_states", "states/model.py", "import numpy\n", 1, "must not import numpy"),
    ("pure_computation", "echo/persona/card.py", "import aiohttp\n", 1, "must not import aiohttp"),
    ("order_inside_echo", "echo/discord/client.py", "from echo import actor\n", 1, "must not import echo.actor"),
    ("order_inside_echo", "echo/engines/a.py", "from ..router import Router\n", 1, "must not import echo.router"),
    ("order_inside_echo", "echo/persona/card.py", "import echo.engines.a\n", 1, "must not import echo.engines.a"),
    ("order_inside_echo", "echo/novelty.py", "from echo.app import serve\n", 1, "must not import echo.app"),
    ("clock_reads", "echo/discord/client.py", "import time as t\nx = t.time()\n", 2, "time.time reads the clock"),
    ("clock_reads", "db/rows.py", "from datetime import datetime as d\n\nd.now()\n", 3, "datetime.datetime.now"),
    ("clock_reads", "states/model.py", "import datetime\nf = datetime.date.today\n", 2, "datetime.date.today"),
    ("lengths_and_names", "db/rows.py", "x = 1\n" * 351, 351, "351 lines"),
    ("lengths_and_names", "echo/discord/utils.py", "", 1, "utils says nothing"),
    ("lengths_and_names", "db/helpers/rows.py", "", 1, "helpers says nothing"),
    ("broad_excepts", "db/rows.py", "try:\n    f()\nexcept (OSError, Exception):\n    pass\n", 3, "broad except"),
    ("broad_excepts", "db/rows.py", "try:\n    f()\nexcept:\n    pass\n", 3, "broad except"),
    ("false_tests", "tests/test_x.py", "from unittest.mock import patch\n", 1, "no mocks"),
    ("false_tests", "tests/test_x.py", "def test_x(monkeypatch):\n    pass\n", 1, "monkeypatch is not for our tests"),
    ("false_tests", "tests/test_x.py", "import time\n\ntime.sleep(1)\n", 3, "does not sleep"),
]

BASE = {
    "states/model.py": "from __future__ import annotations\n",
    "schedules/clock.py": "from datetime import UTC, datetime\n\nnow = datetime.now(UTC)\n",
    "echo/actor.py": "import asyncio\nimport time\n\nfrom states import model\n\nstart = time.perf_counter()\n",
    "echo/router.py": "from typing import TYPE_CHECKING\n\nfrom echo.actor import start\n",
    "echo/app.py": "from echo.router import start\n",
    "echo/engines/a.py": "from . import b\n",
    "echo/engines/b.py": "import numpy\n",
    "db/connection.py": "try:\n    f()\nexcept BaseException:\n    g()\n    raise\n",
    "tests/test_a.py": "import asyncio\n\nfrom echo.router import start\n\nasyncio.sleep(0)\n",
}


@pytest.fixture(scope="module")
def whole() -> SourceTree:
    return read_tree(ROOT)


def plant(root: Path, files: dict[str, str]) -> SourceTree:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return read_tree(root)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_design_holds_in_every_file(check: Check, whole: SourceTree) -> None:
    assert {source.package for source in whole.sources} >= {*PRODUCT, "tests"}
    faults = list(check(whole))
    assert not faults, "\n" + "\n".join(faults)


def test_a_tree_as_designed_has_no_faults(tmp_path: Path) -> None:
    tree = plant(tmp_path, BASE)
    assert [fault for check in CHECKS for fault in check(tree)] == []


@pytest.mark.parametrize(("check", "path", "text", "line", "said"), PLANTED)
def test_a_planted_fault_is_found_by_file_and_line(
    check: str, path: str, text: str, line: int, said: str, tmp_path: Path
) -> None:
    tree = plant(tmp_path, BASE | {path: text})
    named = {function.__name__: function for function in CHECKS}
    faults = list(named[check](tree))
    assert len(faults) == 1
    assert faults[0].startswith(f"{path}:{line}: ")
    assert said in faults[0]


@pytest.mark.parametrize(
    "closing",
    [
        "from echo.router import Router\n",
        "def f():\n    import echo.router\n",
        "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from .router import Router\n",
    ],
)
def test_a_circle_of_files_is_found_wherever_the_import_stands(closing: str, tmp_path: Path) -> None:
    tree = plant(tmp_path, BASE | {"echo/actor.py": closing})
    faults = [fault for check in CHECKS for fault in check(tree)]
    assert len(faults) == 1
    assert faults[0].startswith(f"echo/actor.py:{closing.count(chr(10))}: circle of imports: echo.actor -> echo.router")
    assert faults[0].endswith("-> echo.actor")


def test_a_long_circle_is_named_once_as_a_whole(tmp_path: Path) -> None:
    long = {"db/a.py": "import db.b\n", "db/b.py": "import db.c\n", "db/c.py": "from . import a\n"}
    tree = plant(tmp_path, BASE | long)
    faults = [fault for check in CHECKS for fault in check(tree)]
    assert faults == ["db/a.py:1: circle of imports: db.a -> db.b -> db.c -> db.a"]
