"""Where the child that learns finds Echo: beside its parent, never in the folder in which somebody happened to be."""

from __future__ import annotations

import contextlib
from pathlib import Path

from echo.engines.embedded import EmbeddedEngine
from tests.persona.talk import talk


async def test_a_strangers_folder_called_echo_is_not_run(tmp_path: Path) -> None:
    strange = tmp_path / "echo"
    strange.mkdir()
    (strange / "__init__.py").write_text(f"open({str(tmp_path / 'was-run')!r}, 'w').close()\n")
    with contextlib.chdir(tmp_path):
        trained = await EmbeddedEngine().train("Wren", talk(100), 3, lambda share: None, 60.0)
    assert trained.messages
    assert not (tmp_path / "was-run").exists()
