"""One learning in a process of its own: `python -m bench.learning_child FILE MESSAGES WHO`, WHO `echo` or `markovify`.

Learns the newest MESSAGES of SOMEBODY in an export, answers ANSWERS moments of theirs, and prints a JSON object: the
`seconds` of learning, the `megabytes` that it took at the peak beyond what the read export takes, and the
`milliseconds` of each answer.
"""

from __future__ import annotations

import gc
import importlib
import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from bench.chats import newest_of
from bench.import_child import peak
from echo.corpus.conversations import bursts_of
from echo.corpus.importers import read_all
from echo.corpus.written import Written
from echo.persona.model import Persona

SOMEBODY: Final = "Somebody"
ANSWERS: Final = 300
RIVAL: Final = "markovify"
Answers = Sequence[Callable[[], object]]


def main(path: Path, messages: int, who: str) -> dict[str, object]:
    """Learn, answer, and tell what that took."""
    written = newest_of(read_all(path), SOMEBODY, messages)
    prepare = _persona if who == "echo" else _sentences
    learn = prepare(written)
    gc.collect()
    before = _resident()
    began = time.perf_counter()
    answers = learn()
    seconds = time.perf_counter() - began
    took = max(0.0, peak() - before)
    return {"seconds": seconds, "megabytes": took, "milliseconds": _times(answers)}


def _persona(written: list[Written]) -> Callable[[], Answers]:
    bursts = bursts_of(written, SOMEBODY)
    moments = random.Random(1).choices([burst.context for burst in bursts if burst.context], k=ANSWERS)

    def learn() -> Answers:
        persona = Persona.fit(bursts, SOMEBODY, seed=1)
        return [lambda m=m, k=k: persona.reply(m, seed=k) for k, m in enumerate(moments)]  # type: ignore[misc]

    return learn


def _sentences(written: list[Written]) -> Callable[[], Answers]:
    """markovify knows nothing of the conversation: a sentence of its is no answer, only as long as one."""
    texts = [one.text for one in written if one.author == SOMEBODY]

    def learn() -> Answers:
        model = importlib.import_module(RIVAL).NewlineText("\n".join(texts))
        return [model.make_sentence] * ANSWERS

    return learn


def _times(calls: Answers) -> list[float]:
    """Milliseconds of each call."""
    found: list[float] = []
    for call in calls:
        began = time.perf_counter()
        call()
        found.append((time.perf_counter() - began) * 1000)
    return found


def _resident() -> float:
    """Megabytes that this process takes now."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])))
