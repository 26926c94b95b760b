"""`echo-bot rehearse`: an echo without Discord, to be judged from outside by JSON lines, or talked to on a terminal."""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TextIO

from echo import rehearse_chat
from echo.arguments import Parser
from echo.errors import EchoError, UsageError
from echo.persona.model import Persona
from echo.persona.turns import Burst, Utterance
from echo.rehearsed import Rehearsed

HAS: Final = ("delay", "gaps", "score", "wants")
"""What a rehearsed echo can be asked for besides a reply."""
FIRST: Final = -62_135_510_400.0
LAST: Final = 253_402_214_400.0
"""Seconds since the epoch: one day within the years 1 to 9999, the only ones of which Python has dates."""
SEEDS: Final = 2**32
"""A seed is taken modulo this: numpy takes no negative one."""


class EmbeddedRehearsal:
    """The embedded engine, rehearsed in this process."""

    def __init__(self) -> None:
        self._persona: Persona | None = None

    @property
    def persona(self) -> Persona:
        """What was fitted. Raises UsageError before that."""
        if self._persona is None:
            raise UsageError('Nothing was learnt yet, so send a line with "op": "fit" first.')
        return self._persona

    def fit(self, bursts: Sequence[Burst], author: str, seed: int) -> None:
        """See Rehearsed."""
        self._persona = Persona.fit(bursts, author, seed=seed)

    def reply(self, context: Sequence[Utterance]) -> list[str]:
        """See Rehearsed."""
        return self.persona.reply(context)

    def delay(self, context: Sequence[Utterance]) -> float:
        """See Rehearsed."""
        return self.persona.delay(context)

    def gaps(self, context: Sequence[Utterance], texts: Sequence[str]) -> list[float]:
        """See Rehearsed."""
        return self.persona.gaps(context, texts)

    def score(self, context: Sequence[Utterance], text: str) -> float:
        """See Rehearsed."""
        return self.persona.score(context, text)

    def wants(self, context: Sequence[Utterance]) -> float:
        """See Rehearsed."""
        return self.persona.wants(context)


def utterances(rows: object) -> list[Utterance]:
    """The context of a request. Raises UsageError where it has another shape."""
    if not isinstance(rows, list):
        raise UsageError('"context" must be a list of messages.')
    out = []
    for row in rows:
        if not isinstance(row, Mapping):
            raise UsageError("Each message of a context must be an object with author, ts and text.")
        out.append(Utterance(_text(row, "author"), _moment(row), _text(row, "text"), row.get("self") is True))
    return out


def burst(row: object) -> Burst:
    """One turn of a fit request. Raises UsageError where it has another shape."""
    if not isinstance(row, Mapping) or not isinstance(row.get("messages"), list):
        raise UsageError('Each turn of "train" must be an object with context and messages.')
    said = [m for m in row["messages"] if isinstance(m, Mapping)]
    if len(said) != len(row["messages"]):
        raise UsageError("Each message of a turn must be an object with ts and text.")
    delay = row.get("delay")
    gaps = row.get("gaps") or []
    if not isinstance(gaps, list):
        raise UsageError('"gaps" must be a list of seconds.')
    return Burst(
        ts=_moment(row),
        channel=str(row.get("channel", "")),
        context=tuple(utterances(row.get("context") or [])),
        texts=tuple(_text(m, "text") for m in said),
        times=tuple(_moment(m) for m in said),
        delay=None if delay is None else _number(delay, "delay"),
        gaps=tuple(_number(g, "gaps") for g in gaps),
    )


def _text(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    if not isinstance(value, str):
        raise UsageError(f'"{key}" must be a text.')
    return value


def _number(value: object, key: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) > 1e12:
        raise UsageError(f'"{key}" must be a number of seconds.')
    return float(value)


def _moment(row: Mapping[str, Any]) -> float:
    ts = _number(row.get("ts"), "ts")
    if not FIRST < ts < LAST:
        raise UsageError('"ts" must be seconds since 1970, not milliseconds.')
    return ts


def answer(request: object, echo: Rehearsed) -> dict[str, Any]:
    """The answer to one request. Raises EchoError with what is wrong with it."""
    if not isinstance(request, Mapping):
        raise UsageError('Each line must be a JSON object with "op".')
    op = request.get("op")
    if op == "fit":
        return _fit(request, echo)
    context = utterances(request.get("context", []))
    if op == "reply":
        return {"value": echo.reply(context)}
    if op == "delay":
        return {"value": echo.delay(context)}
    if op == "wants":
        return {"value": echo.wants(context)}
    if op == "score":
        return {"value": echo.score(context, _text(request, "text"))}
    if op == "gaps":
        texts = request.get("messages")
        if not isinstance(texts, list) or not all(isinstance(t, str) for t in texts):
            raise UsageError('"messages" must be a list of texts.')
        return {"value": echo.gaps(context, texts)}
    raise UsageError('"op" must be one of fit, reply, delay, gaps, score, wants.')


def _fit(request: Mapping[str, Any], echo: Rehearsed) -> dict[str, Any]:
    meta = request.get("meta")
    train = request.get("train")
    if not isinstance(meta, Mapping) or not isinstance(train, list):
        raise UsageError('"fit" needs "train", a list of turns, and "meta" with author and seed.')
    seed = meta.get("seed", 0)
    if not isinstance(seed, int):
        raise UsageError('"seed" must be a whole number.')
    began = time.perf_counter()
    bursts = [burst(row) for row in train]
    echo.fit(bursts, _text(meta, "author"), seed % SEEDS)
    seconds = round(time.perf_counter() - began, 3)
    return {"ok": True, "has": list(HAS), "messages": sum(len(b.texts) for b in bursts), "seconds": seconds}


def protocol(stdin: TextIO, stdout: TextIO, echo: Rehearsed | None = None) -> int:
    """Answers JSON lines until the input ends; a bad line is answered with its error, and the next one is read."""
    echo = echo or EmbeddedRehearsal()
    for line in stdin:
        if not line.strip():
            continue
        try:
            reply = answer(_parsed(line), echo)
        except EchoError as problem:
            reply = {"error": str(problem)}
        # ASCII, because a text may hold half a surrogate pair, which UTF-8 can't carry.
        stdout.write(json.dumps(reply) + "\n")
        stdout.flush()
    return 0


def _parsed(line: str) -> object:
    """The line's JSON. Raises UsageError where it is none, or none that can be read."""
    try:
        return json.loads(line)
    except json.JSONDecodeError as problem:
        raise UsageError(f"The line is not JSON: {problem.msg} at column {problem.colno}.") from problem
    except (ValueError, RecursionError) as problem:
        raise UsageError("The line is nested too deeply, or holds a number of thousands of digits.") from problem


def fresh(engine: str) -> Rehearsed:
    """A rehearsal of the engine named. Raises UsageError for a name that isn't known."""
    if engine == "embedded":
        return EmbeddedRehearsal()
    if engine == "ollama":
        # Only who uses it pays for its import, and for reading the settings that name the server.
        from echo.config import load
        from echo.rehearse_ollama import OllamaRehearsal

        return OllamaRehearsal(load().settings)
    raise UsageError(f"There is no engine \u201c{engine}\u201d to rehearse: use embedded or ollama.")


def main(argv: Sequence[str]) -> int:
    """The command line of `echo-bot rehearse`. The exit code; a person's mistake is one sentence on standard error."""
    parser = Parser(prog="echo-bot rehearse", description="An echo without Discord.")
    parser.add_argument("--engine", default="embedded", metavar="ENGINE", help="embedded (the default) or ollama")
    parser.add_argument("--from", dest="source", metavar="FILE", type=Path, help="an export to learn from, then chat")
    parser.add_argument("--author", metavar="NAME", help="who is to be echoed, as the export names them")
    parser.add_argument("--before", metavar="DD.MM.YYYY", help="learn only from messages before this day")
    parser.add_argument("--timezone", default="UTC", help="time zone in which that day begins (UTC)")
    parser.add_argument("--seed", default=0, type=int, help="for the same answers each time")
    given = parser.parse_args(argv)
    try:
        echo = fresh(given.engine)
        if given.source is None:
            return protocol(_utf8(sys.stdin), _utf8(sys.stdout), echo)
        seed = given.seed % SEEDS
        return rehearse_chat.run(given.source, given.author, given.before, given.timezone, seed, echo)
    except EchoError as problem:
        sys.stderr.write(f"echo-bot: {problem}\n")
        return problem.exit_code
    except KeyboardInterrupt:
        return 130


def _utf8(stream: TextIO) -> TextIO:
    """The stream as UTF-8 whatever the locale; what is none is replaced, and so is what can't be written."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(encoding="utf-8", errors="replace")
    return stream


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
