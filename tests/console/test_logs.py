"""The log ring."""

from __future__ import annotations

import logging
import threading

from console.logs import LogLine, LogRing


def record(text: str, *arguments: object, level: int = logging.INFO) -> logging.LogRecord:
    return logging.LogRecord("echo", level, "x.py", 1, text, arguments, None)


def test_it_gives_what_is_new_and_nothing_twice() -> None:
    ring = LogRing()
    ring.handle(record("one"))
    ring.handle(record("two %d", 2, level=logging.WARNING))
    lines, seen = ring.since(0)
    assert lines == [LogLine(logging.INFO, "one"), LogLine(logging.WARNING, "two 2")]
    ring.handle(record("three"))
    assert ring.since(seen) == ([LogLine(logging.INFO, "three")], 3)
    assert ring.since(3) == ([], 3)


def test_it_is_bounded_and_counts_what_is_gone() -> None:
    ring = LogRing(kept=3)
    for number in range(10):
        ring.handle(record(str(number)))
    lines, seen = ring.since(2)
    assert [line.text for line in lines] == ["7", "8", "9"]
    assert seen == ring.count == 10


def test_it_takes_lines_from_any_thread() -> None:
    ring = LogRing(kept=10_000)

    def talk() -> None:
        for number in range(500):
            ring.handle(record(str(number)))

    threads = [threading.Thread(target=talk) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert ring.count == len(ring.since(0)[0]) == 2000
