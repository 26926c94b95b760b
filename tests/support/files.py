"""Looking at files from tests that run in the event loop, where blocking calls are to be seen as such."""

from __future__ import annotations

import stat
from pathlib import Path


def content(path: Path) -> bytes:
    """All of a file."""
    return path.read_bytes()


def put(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Make a file, and its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)


def overwrite(path: Path, at: int, content: bytes) -> None:
    """Change bytes in the middle of a file."""
    with path.open("r+b") as file:
        file.seek(at)
        file.write(content)


def names_in(folder: Path) -> list[str]:
    """The names of what is in a folder."""
    return sorted(path.name for path in folder.iterdir())


def size(path: Path) -> int:
    """Bytes of a file."""
    return path.stat().st_size


def mode(path: Path) -> int:
    """Who may do what with a file."""
    return stat.S_IMODE(path.stat().st_mode)


def files_in(folder: Path) -> list[Path]:
    """All files below a folder."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def everything_in(folder: Path) -> bytes:
    """The content of all files below a folder, one after another."""
    return b"".join(path.read_bytes() for path in files_in(folder))
