"""Discord's markup as styled text: bold, italics, underline, strike-through, code, spoilers and small print."""

from __future__ import annotations

import re
from typing import Final

from textual.content import Content, Span

MARKS: Final = {
    "***": "bold italic",
    "**": "bold",
    "__": "underline",
    "~~": "strike",
    "||": "dim",
    "*": "italic",
    "_": "italic",
}
CODE: Final = "$text-secondary"
_CODE = re.compile(r"```(?:\w+\n)?\n?(?P<block>.+?)\n?```|`(?P<code>[^`\n]+)`", re.DOTALL)
_MARKED = re.compile(
    r"(?P<mark>\*\*\*|\*\*|__|~~|\|\||\*|(?<![^\W_])_)(?=\S)(?P<text>(?:(?!(?P=mark)).)+?(?<=\S)\*?)(?P=mark)",
    re.DOTALL,
)
_SMALL = re.compile(r"^-# (?=\S)(?P<text>.+)$", re.MULTILINE)
_ESCAPED = re.compile(r"\\([*_`~|\\<>#@-])")


def styled(text: str) -> Content:
    """The text as Discord would show it. What is not closed stays as it is; nothing is ever lost but the marks."""
    plain, spans = "", list[Span]()
    at = 0
    for code in _CODE.finditer(text):
        plain, spans = _with_small_print(text[at : code.start()], plain, spans)
        start = len(plain)
        plain += code["block"] or code["code"]
        spans.append(Span(start, len(plain), CODE))
        at = code.end()
    plain, spans = _with_small_print(text[at:], plain, spans)
    return Content(plain, spans)


def _with_small_print(text: str, plain: str, spans: list[Span]) -> tuple[str, list[Span]]:
    at = 0
    for small in _SMALL.finditer(text):
        plain, spans = _marked(text[at : small.start()], plain, spans)
        start = len(plain)
        plain, spans = _marked(small["text"], plain, spans)
        spans = [*spans, Span(start, len(plain), "dim")]
        at = small.end()
    return _marked(text[at:], plain, spans)


def _marked(text: str, plain: str, spans: list[Span]) -> tuple[str, list[Span]]:
    at = 0
    for found in _MARKED.finditer(text):
        if found.start() and text[found.start() - 1] == "\\":
            continue
        plain += _unescaped(text[at : found.start()])
        start = len(plain)
        plain, spans = _marked(found["text"], plain, spans)
        spans = [*spans, Span(start, len(plain), MARKS[found["mark"]])]
        at = found.end()
    return plain + _unescaped(text[at:]), spans


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)
