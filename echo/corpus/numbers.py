"""Numbers that identify: telephones, cards, accounts, addresses of machines, long runs of digits. Pure.

Whether a number is one is decided by libraries that follow the registers: python-stdnum (ISO 13616 for accounts,
ISO/IEC 7812 for cards, ISO 2108 for books), phonenumbers (national numbering plans).
"""

from __future__ import annotations

import re
import unicodedata
from ipaddress import IPv6Address
from itertools import accumulate
from typing import Final

import phonenumbers
from stdnum import iban, isbn, luhn

from echo.corpus.credentials import Counted
from echo.persona.placeholders import CARD, IBAN, IP, MAC, NUMBER, PHONE

REGIONS: Final = ("US", "GB", "DE", "FR", "ES", "IT", "NL", "PL", "BR", "AU", "IN")
"""Whose national numbers are known without +: there is no telling where somebody is from."""
FEWEST: Final = 7
"""Digits of a number that anybody could be found by."""
SHORTEST: Final = 8
"""Digits of a number with its country before it."""
LONG: Final = 9
"""Digits in a row that make a number identify somebody, whatever it is."""
WIDEST: Final = 8
"""Groups of digits that a number has at most."""

_MAC: Final = re.compile(r"(?<![\w:-])[0-9a-fA-F]{2}([:-])[0-9a-fA-F]{2}(?:\1[0-9a-fA-F]{2}){4}(?![\w:-])")
_IPV4: Final = re.compile(r"(?<![\w.])(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?::\d{1,5}|/\d{1,2})?(?!\w|\.\d)")
_IPV6: Final = re.compile(
    r"(?<![\w:.])\[?([0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,8})(?:%\w{1,16})?(?:\]:\d{1,5}|(?![\w:]))"
)
_IBAN: Final = re.compile(r"(?<!\w)[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]{1,4}){3,8}")
_DATE: Final = (
    r"(?:19|20)\d\d(?P<a>[-./])[01]?\d(?P=a)[0-3]?\d(?!\d|(?P=a)\d)"
    r"|[0-3]?\d(?P<b>[-./])[0-3]?\d(?P=b)(?:(?:19|20)\d\d|\d\d)(?!\d|(?P=b)\d)"
)
_DECIMAL: Final = r"(?:(?:0|[1-9]\d{0,5})\.\d{4,}|[1-9]\d?(?:\.\d{3}){2,4}|[1-9]\d{0,2}(?: \d{3}){4,9})(?![.\-/ ]?\d)"
_GROUPS: Final = r"\+?\(?\d(?:[ ().\-/+\u00a0\u2010-\u2015\u2212]{0,3}\d){6,}(?!\w)"
_NUMBERS: Final = re.compile(rf"(?<!\w)(?<!\d[.,:])(?:(?P<keep>{_DATE}|{_DECIMAL})|{_GROUPS})")
_DIGITS: Final = re.compile(r"\d+")
_LOCAL: Final = re.compile(
    r"(?<!\w)((?:phone|telephone|tel|call|text|cell|mobile|whatsapp|handy|number|nummer|fax)\b[^\d\n@#\[\]]{0,20}?)(?<!\w)"
    r"(\d{7,8}|\d{3}[ .-]\d{4}|\d{4}[ .-]\d{4})(?![\w-]|\.\d)",
    re.IGNORECASE,
)


def scrub_numbers(text: str, counted: Counted, digits: int) -> str:
    """The text, which has so many digits, with numbers that identify replaced; no links must be in it."""
    text = scrub_addresses(text, counted)
    if digits < FEWEST:
        return text
    text = _IBAN.sub(lambda found: _account(found[0], counted), text)
    text = _NUMBERS.sub(lambda found: found[0] if found["keep"] else _grouped(found[0], counted), text)
    return _LOCAL.sub(lambda found: found[1] + counted(PHONE), text)


def scrub_addresses(text: str, counted: Counted) -> str:
    """The text with addresses of machines replaced, with their ports and network sizes."""
    if text.count(":") >= 2 or text.count("-") >= 5:
        text = _MAC.sub(lambda _: counted(MAC), text)
        text = _IPV6.sub(lambda found: counted(IP) if _is_ipv6(found[1]) else found[0], text)
    if text.count(".") >= 3:
        text = _IPV4.sub(lambda found: counted(IP) if _is_ipv4(found) else found[0], text)
    return text


def _is_ipv4(found: re.Match[str]) -> bool:
    before = found.string[max(0, found.start() - 9) : found.start()].lower()
    return all(int(part) <= 255 for part in found.groups()) and not before.endswith(("version ", "ver ", "release "))


def _is_ipv6(text: str) -> bool:
    """Valid, and not what programs write between names (A::B)."""
    if len(text) < 4 or not any(map(str.isdigit, text)):
        return False
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


def _account(text: str, counted: Counted) -> str:
    """The IBAN that the text begins with replaced, if there is one."""
    end = len(text)
    for _ in range(WIDEST):
        if end < 15:
            break
        if len(text[:end].replace(" ", "").replace("-", "")) <= 34 and _is_iban(text[:end]):
            return counted(IBAN) + text[end:]
        end = max(text.rfind(" ", 0, end), text.rfind("-", 0, end))
    return text


def _is_iban(text: str) -> bool:
    return bool(iban.is_valid(text, check_country=False))


def _grouped(text: str, counted: Counted) -> str:
    """Groups of digits with what stands between them: each longest stretch that is a number of somebody's replaced."""
    if sum(map(str.isdigit, text)) in (10, 13) and isbn.is_valid(text):
        return text
    groups = [found.span() for found in _DIGITS.finditer(text)]
    out: list[str] = []
    copied = at = 0
    while at < len(groups):
        kind, start, end, at = _longest(text, groups, at, copied)
        if kind:
            out += (text[copied:start], counted(kind))
            copied = end
    return "".join([*out, text[copied:]])


def _longest(text: str, groups: list[tuple[int, int]], at: int, least: int) -> tuple[str | None, int, int, int]:
    """The kind of the longest number that begins with a group, None for none, its start and end in the text, and the
    group behind it. What is known by its sum goes before what is only long."""
    totals = list(accumulate(end - start for start, end in groups[at : at + WIDEST]))
    some: tuple[str | None, int, int, int] = (None, 0, 0, at + 1)
    for length in range(len(totals), 0, -1):
        if totals[length - 1] < SHORTEST:
            break
        end = groups[at + length - 1][1]
        start = _opening(text, groups[at][0], end, least)
        kind = _kind(text[start:end])
        if kind in (CARD, PHONE):
            return kind, start, end, at + length
        some = (kind, start, end, at + length) if kind and some[0] is None else some
    return some


def _opening(text: str, digit: int, end: int, least: int) -> int:
    """Where a number really begins: with the + before its first digit, and the bracket that it closes itself."""
    start = digit
    closes = ")" in text[digit:end]
    while start > least and (text[start - 1] == "+" or (closes and text[start - 1] == "(")):
        start -= 1
    return digit if start > least and text[start - 1].isalnum() else start


def _kind(text: str) -> str | None:
    """What a stretch of groups is, None for nothing that identifies."""
    if not text.isascii():
        # Digits of any script; numbering plans know only these.
        text = "".join(str(unicodedata.digit(sign, sign)) for sign in text)
    groups = _DIGITS.findall(text)
    sizes = [len(group) for group in groups]
    total = sum(sizes)
    if total < LONG and text[0] != "+":
        return None
    digits = "".join(groups)
    if 13 <= total <= 19 and _is_card(digits, sizes):
        return CARD
    if total <= 15 and _is_phone(text, digits, sizes):
        return PHONE
    like_account = total >= 12 and min(sizes[:-1], default=0) == max(sizes) >= 4 and not set(digits) <= {"0", "1"}
    return NUMBER if len(groups) == 1 or sizes == [3, 2, 4] or like_account else None


def _is_card(digits: str, sizes: list[int]) -> bool:
    fits = len(sizes) == 1 or (sizes[0] == 4 and min(sizes[:-1]) >= 4)
    return fits and digits[0] in "23456" and bool(luhn.is_valid(digits))


def _is_phone(text: str, digits: str, sizes: list[int]) -> bool:
    """Whether it is written like a telephone number, and is one where it has no country's number before it."""
    if text[0] == "+":
        return True
    if min(sizes[1:], default=2) < 2 or (sizes[0] == 1 and sizes != [1, 3, 3, 4]):
        return False
    if digits.startswith("00") and len(digits) >= 11:
        return True
    if digits[0] == "0" or text[0] == "(":
        return _is_valid(text)
    spaced = " " in text and sizes in ([3, 2, 2, 2], [5, 5])
    return "/" not in text and (spaced or sizes in ([3, 3, 4], [1, 3, 3, 4], [3, 3, 3])) and _is_valid(text)


def _is_valid(text: str) -> bool:
    for region in REGIONS:
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(text, region)):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False
