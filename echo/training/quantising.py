"""Weights in fewer bits than Echo itself can write, by llama.cpp's program `llama-quantize` where there is one."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import shutil
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from echo.errors import ConfigError, EngineFailed

HERE: Final = ("F32", "F16", "BF16", "Q8_0")
"""Forms that need no program."""
WHOLE: Final = "F16"
"""What a program is given to quantise."""
PROGRAM: Final = "llama-quantize"
_KIND: Final = re.compile(r"[A-Z][A-Z0-9_]{1,19}")
_PASSED_ON: Final = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR")
_DONE: Final = re.compile(rb"\[\s*(\d+)/\s*(\d+)\]")
"""How the program says which tensor it is at."""
_PIECE: Final = 2**20


@dataclass(frozen=True, slots=True)
class Quantiser:
    """A program, and what it is to make."""

    path: str
    kind: str


def quantiser(program: str, kind: str) -> Quantiser | None:
    """What makes weights of this form; None where Echo itself does. `program` "" is the one that PATH finds.

    Raises ConfigError where a program is needed that is not there.
    """
    if kind in HERE:
        return None
    if not _KIND.fullmatch(kind):
        raise ConfigError(f"training.quantisation {kind!r} is no form of weights: Q8_0 and Q4_K_M are examples.")
    found = shutil.which(program or PROGRAM)
    if found is None:
        where = f"{program} is no program" if program else "none is on PATH"
        raise ConfigError(
            f"Weights as {kind} need llama.cpp's program {PROGRAM}, and {where}: install it and name it in "
            "training.llama_quantize, or set training.quantisation to Q8_0."
        )
    return Quantiser(found, kind)


async def requantised(program: Quantiser, source: Path, to: Path, progress: Callable[[float], None]) -> tuple[str, int]:
    """Has the program make `to` of the GGUF file `source`, which is removed; the new one's digest and bytes.

    Raises EngineFailed where the program fails. It is killed where this is cancelled.
    """
    # Begun in a task of its own: cancelled while it begins, asyncio would end the program but not its children.
    begun = asyncio.ensure_future(_begun(program, source, to))
    status = None
    try:
        running = await asyncio.shield(begun)
        await _watched(running, progress)
        status = await running.wait()
    except OSError as error:
        raise EngineFailed(
            f"{program.path} can't be started ({error.strerror}): mend training.llama_quantize."
        ) from error
    finally:
        if status is None:
            await asyncio.shield(_killed(begun))
    if status:
        raise EngineFailed(
            f"{program.path} could not make {program.kind} of the model (exit status {status}): try it by hand, or set "
            "training.quantisation to Q8_0."
        )
    try:
        return await asyncio.to_thread(_taken, source, to)
    except OSError as error:
        raise EngineFailed(
            f"{program.path} made no file ({error.strerror}): set training.quantisation to Q8_0."
        ) from error


async def _begun(program: Quantiser, source: Path, to: Path) -> asyncio.subprocess.Process:
    """The program at work, the leader of a session of its own. Raises OSError."""
    return await asyncio.create_subprocess_exec(
        *(program.path, str(source), str(to), program.kind),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        start_new_session=True,
    )


async def _killed(begun: asyncio.Future[asyncio.subprocess.Process]) -> None:
    """Ends the program with its children, if it began at all."""
    with suppress(OSError):
        running = await begun
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        await running.wait()


async def _watched(running: asyncio.subprocess.Process, progress: Callable[[float], None]) -> None:
    """Reads what it says to the end, whatever that is: a full pipe would hold it up."""
    assert running.stdout is not None
    rest = b""
    while taken := await running.stdout.read(_PIECE):
        *lines, rest = (rest + taken).split(b"\n")
        rest = rest[-_PIECE:]
        for line in lines:
            if (found := _DONE.search(line)) and int(found[2]):
                progress(min(1.0, int(found[1]) / int(found[2])))


def _taken(source: Path, path: Path) -> tuple[str, int]:
    """The new file's digest, as Ollama names a blob, and its bytes; the old one goes."""
    source.unlink()
    path.chmod(0o600)
    with path.open("rb") as file:
        made = hashlib.file_digest(file, "sha256")
    return f"sha256:{made.hexdigest()}", path.stat().st_size
