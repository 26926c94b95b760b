"""A file of what people wrote: only its owner may read it, and it is there whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from echo.errors import UsageError
from echo.private_file import writing
from tests.support.files import files_in, mode

NAMELESS = pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="this system can't make files without a name")


@pytest.mark.parametrize("replace", [False, True])
def test_what_was_written_is_there_at_the_end_for_its_owner_alone(tmp_path: Path, replace: bool) -> None:
    path = tmp_path / "out.jsonl"
    if replace:
        path.write_bytes(b"before")
    with writing(path, replace=replace) as file:
        file.write(b"the whole of it")
    assert path.read_bytes() == b"the whole of it" and mode(path) == 0o600
    assert files_in(tmp_path) == [path]


def test_a_file_that_came_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    with pytest.raises(UsageError, match="There is a file"), writing(path, replace=False) as file:
        file.write(b"mine")
        path.write_bytes(b"theirs")
    assert path.read_bytes() == b"theirs" and files_in(tmp_path) == [path]


def test_nothing_is_there_where_writing_fails(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), writing(tmp_path / "out.jsonl", replace=False) as file:
        file.write(b"half of it")
        1 / 0  # noqa: B018
    assert files_in(tmp_path) == []


@NAMELESS
def test_nothing_is_left_of_a_process_that_is_killed_while_it_writes(tmp_path: Path) -> None:
    script = """
        import os, signal, sys
        from pathlib import Path
        from echo.private_file import writing

        with writing(Path(sys.argv[1]), replace=True) as file:
            file.write(b"half of it")
            file.flush()
            os.kill(os.getpid(), signal.SIGKILL)
    """
    child = subprocess.run([sys.executable, "-c", textwrap.dedent(script), str(tmp_path / "out.jsonl")], check=False)
    assert child.returncode < 0
    assert files_in(tmp_path) == []
