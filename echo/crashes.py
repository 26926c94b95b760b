"""What is told of a failure that nobody foresaw: its kind and the places it came through, never its words.

An exception's message may quote what somebody wrote, and Python itself would print it.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from types import TracebackType

log = logging.getLogger(__name__)


def places(error: BaseException) -> str:
    """The places that a failure came through, a line each with the source line beneath, and its kind; of a group, those
    of each failure in it."""
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    told = "".join(traceback.format_tb(error.__traceback__)) + type(error).__name__
    return "\n".join([told, *map(places, inner)])


def keep_words_out() -> None:
    """From now on, whatever ends the process, a thread or an object in a failure is told without its words."""
    sys.excepthook = _of_process
    threading.excepthook = _of_thread
    sys.unraisablehook = _of_object


def _of_process(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    # Not logged: while the console runs, the log is only in its memory.
    sys.stderr.write(f"echo-bot: it broke in a way that nobody foresaw; please report this:\n{places(error)}\n")


def _of_thread(broken: threading.ExceptHookArgs) -> None:
    if broken.exc_value is not None:
        log.error("A thread broke:\n%s", places(broken.exc_value))


def _of_object(broken: sys.UnraisableHookArgs) -> None:
    if broken.exc_value is not None:
        log.error("Something broke that could not be raised:\n%s", places(broken.exc_value))
