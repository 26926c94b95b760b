"""Without the extra `[train]` a sentence says so; with it, nothing does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from echo.training.job import missing
from tests.support.train_extra import has_train

ROOT = Path(__file__).resolve().parents[2]


def test_what_is_not_installed_is_named_with_the_way_to_install_it() -> None:
    said = missing()
    if has_train():
        assert said is None
    else:
        assert said is not None and "pip install -e '.[train]'" in said and "torch" in said


def test_all_but_the_child_runs_without_torch() -> None:
    code = "import sys, echo.training.job, echo.training.data; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
