"""Lines, and the values of large JSON documents, one at a time and in flat memory."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import NoReturn

from .limits import refused
from .sources import AGAIN, Source

_CHUNK = 65_536
_SPACE = " \t\r\n"
_NOT_JSON = (ValueError, RecursionError)
"""What the json module raises: at wrong text, at numbers of thousands of digits, and at thousands of brackets."""


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def lines(source: Source) -> Iterator[tuple[int, str]]:
    """The lines with their numbers, from 1, without their ends. Raises ImportRefused at a line that is too long
    (having read no more of it than the limit) or is not UTF-8."""
    number, rest = 0, b""
    while chunk := source.read(_CHUNK):
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            number += 1
            yield number, _line(source, number, line)
        if len(rest) > source.limits.line:
            _line(source, number + 1, rest)
    if rest:
        yield number + 1, _line(source, number + 1, rest)


def _line(source: Source, number: int, line: bytes) -> str:
    where = f"{source.name}, line {number}"
    if len(line) > source.limits.line:
        raise refused(where, f"the line is longer than {source.limits.line:,} bytes", "leave it out or split it")
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise refused(where, "the line is not UTF-8", "save the file as UTF-8") from error


def parsed(text: str, where: str) -> object:
    """The JSON value that `text` is. Raises ImportRefused if it is none."""
    try:
        return _DECODER.decode(text)
    except _NOT_JSON as error:
        raise refused(where, "this is not valid JSON", AGAIN) from error


def document(source: Source) -> object:
    """The JSON value of a small file, read whole."""
    try:
        text = source.whole().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise refused(source.name, "it is not UTF-8", "save the file as UTF-8") from error
    return parsed(text, source.name)


class Scanner:
    """A window that slides over a JSON document that may be larger than memory.

    Values are parsed whole, so each has to fit the limit for lines; what holds them (the document's own object, its
    list of messages) is walked by `take`, `peek` and `value`.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("strict")
        self._text, self._at, self._ended = "", 0, False
        self.where = source.name
        """Where the scanner is, for errors; whoever walks the document keeps it up to date."""

    def _more(self) -> None:
        """Slides on: drops what was read, and reads as much again as is waiting, so that retries stay cheap."""
        self._text, self._at = self._text[self._at :], 0
        data = self._source.read(max(_CHUNK, len(self._text)))
        self._ended = not data
        try:
            self._text += self._decoder.decode(data, final=self._ended)
        except UnicodeDecodeError as error:
            raise refused(self.where, "it is not UTF-8 here", "save the file as UTF-8") from error

    def peek(self) -> str:
        """The next character that is no space; nothing at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _SPACE:
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if self._ended:
                return ""
            self._more()

    def take(self, sign: str) -> None:
        """Steps over `sign`. Raises ImportRefused if something else, or the end, is here."""
        found = self.peek()
        if found != sign:
            self._refuse(f"{sign!r} is missing" if found else "it ends in the middle")
        self._at += 1

    def value(self) -> object:
        """The value that begins here. Raises ImportRefused if there is none, or it is too large."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except _NOT_JSON:
                end = None
            # A value that reaches the window's end may go on behind it: 12 may be 123.
            if end is not None and (end < len(self._text) or self._ended):
                self._at = end
                return value
            if self._ended:
                self._refuse("it ends in the middle or is not valid JSON")
            if len(self._text) - self._at > self._source.limits.line:
                self._refuse(f"a value is larger than {self._source.limits.line:,} characters or is not valid JSON")
            self._more()

    def more(self, closing: str) -> bool:
        """Steps over a comma and says that another one follows, or over `closing` and says that none does."""
        if self.peek() == ",":
            self._at += 1
            return True
        self.take(closing)
        return False

    def empty(self, opening: str, closing: str) -> bool:
        """Steps into a list or an object; True, and out of it again, if nothing is in it."""
        self.take(opening)
        if self.peek() == closing:
            self._at += 1
            return True
        return False

    def finish(self) -> None:
        """Raises ImportRefused if anything but spaces is left."""
        if self.peek():
            self._refuse("something follows after its end")

    def _refuse(self, what: str) -> NoReturn:
        raise refused(self.where, what, AGAIN)


def entries(scanner: Scanner) -> Iterator[tuple[str, object]]:
    """The entries of the object that begins here, each parsed when it is reached."""
    if scanner.empty("{", "}"):
        return
    another = True
    while another:
        field = scanner.value()
        scanner.take(":")
        yield str(field), scanner.value()
        another = scanner.more("}")


def elements(scanner: Scanner, name: str) -> Iterator[object]:
    """The values of the list that begins here; while each is looked at, `scanner.where` has its number from 1."""
    if scanner.empty("[", "]"):
        return
    number, another = 0, True
    while another:
        number += 1
        scanner.where = f"{name}, message {number}"
        yield scanner.value()
        another = scanner.more("]")
    scanner.where = name
