"""Settings that can't mean what their operator wants are told of."""

from __future__ import annotations

from pathlib import Path

import pytest

from echo.corpus.written import Written
from tests.support.running import running


async def test_an_excluded_channel_that_is_nowhere_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with running(tmp_path, [Written("Mara", "general", 1.7e9, "tea")], excluded_channels="12"):
        assert "excluded_channels names 12, which Echo sees in no server" in caplog.text
