"""Data that identifies or opens something, replaced by typed placeholders before anything is stored. Pure.

Each pattern stands behind a cheap test, and none may need more than linear time: what people send is hostile too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from echo.corpus.credentials import FEWEST, Counted, is_hinted, scrub_credentials, scrub_keys
from echo.corpus.numbers import scrub_addresses, scrub_numbers
from echo.persona.placeholders import EMAIL, KEY, PASSWORD, PHONE, placeholder

NOTHING: Final[Mapping[str, int]] = MappingProxyType({})
"""The counts of a text in which nothing was found."""
PASSES: Final = 4
"""How often a text is gone through: what stood beside something that was replaced may show only then."""

_LINK: Final = re.compile(r"(?:https?|ftp|wss?)://[^\s<>\"]+", re.IGNORECASE)
_DIGIT: Final = re.compile(r"\d")
_DOMAIN: Final = r"(?:[\w-]{1,63}\.){1,5}[^\W\d_]{2,24}(?![\w@])"
_EMAIL: Final = re.compile(rf"(?<![\w.+-])[\w.+-]{{1,64}}(?: ?@ {{1,2}}|@|%40){_DOMAIN}")
_PROVIDER: Final = re.compile(r"(?:mail|outlook|yahoo|icloud|proton|gmx|aol|posteo)\.")
_AT_EMAIL: Final = re.compile(
    rf"(?<![\w.+-])[\w.+-]{{1,64}} {{0,2}}(?:[(\[{{] ?at ?[)\]}}] {{0,2}}{_DOMAIN}"
    r"|(?<= )at (?:(?:g|google|hot|proton|fast)mail|outlook|yahoo|icloud|proton|gmx|aol|posteo)\.[a-z.]{2,8}\b)",
    re.IGNORECASE,
)
_REPOSITORY: Final = "git@"
"""Who it is that everybody fetches programs as."""
_SPELT_EMAIL: Final = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64} {0,2}(?:[(\[{] ?at ?[)\]}]|(?<= )at(?= )|@) {0,2}[\w-]{1,63}"
    r"(?: {0,2}(?:[(\[{] ?dot ?[)\]}]|(?<= )dot(?= )) {0,2}[\w-]{1,63}){1,4}",
    re.IGNORECASE,
)
_HOST: Final = re.compile(r"\w+://[^/?#]*")
_USER: Final = re.compile(r"(?<=://)[^\s/@\[\]]+@")
_QUERY: Final = re.compile(
    r"([?&#;](?:[\w.-]{0,30}(?:token|secret|password|passwd|signature|apikey|api_key|api-key|session|credential))="
    r"|[?&#;](?:key|sig|sid|auth|pass|pwd|pw|hm|otp|jwt|code|email|e-mail|mail|phone)=)([^\s&#;\[\]]+)",
    re.IGNORECASE,
)
_HOOK: Final = re.compile(
    r"(/webhooks/\d{1,20}/|api\.telegram\.org/(?=bot))[^\s/?#\[\]]+|(hooks\.slack\.com/services/)[^\s?#\[\]]+",
    re.IGNORECASE,
)
_DIALLED: Final = re.compile(r"((?:wa\.me/|api\.whatsapp\.com/send\?phone=)\+?)\d{7,15}", re.IGNORECASE)
_COMMIT: Final = re.compile(r"/(?:commits?|blob|tree|raw|compare|archive)/[0-9a-f]{40}(?![\w-])")


def scrub(text: str) -> tuple[str, Mapping[str, int]]:
    """The text with placeholders for what identifies or opens something, and how many of each kind (see
    `echo.persona.placeholders.KINDS`) were put in. The values are kept nowhere. Scrubbing twice changes nothing.
    """
    plain = "@" not in text and "://" not in text and not is_hinted(text) and not _is_spelt(text)
    if plain and len(_DIGIT.findall(text)) < FEWEST:
        return text, NOTHING
    counts: dict[str, int] = {}

    def counted(kind: str) -> str:
        counts[kind] = counts.get(kind, 0) + 1
        return placeholder(kind)

    for _ in range(PASSES):
        scrubbed = _scrubbed(text, counted)
        if scrubbed == text:
            break
        text = scrubbed
    return text, counts or NOTHING


def _scrubbed(text: str, counted: Counted) -> str:
    if "://" not in text:
        return _plain(text, counted)
    out: list[str] = []
    at = 0
    for link in _LINK.finditer(text):
        out += (_plain(text[at : link.start()], counted), _link(link[0], counted))
        at = link.end()
    return "".join([*out, _plain(text[at:], counted)])


def _plain(text: str, counted: Counted) -> str:
    """Text between links."""
    digits = len(_DIGIT.findall(text))
    text = scrub_credentials(text, counted, digits)
    if "@" in text or "%40" in text:
        text = _EMAIL.sub(lambda found: _mailed(found[0], counted), text)
    if _is_spelt(text):
        text = _AT_EMAIL.sub(lambda _: counted(EMAIL), text)
        text = _SPELT_EMAIL.sub(lambda _: counted(EMAIL), text)
    return scrub_numbers(text, counted, digits) if digits >= FEWEST else text


def _is_spelt(text: str) -> bool:
    """Whether an address of mail may stand in the text without its sign."""
    low = text.lower()
    return (
        "dot" in low
        or "at)" in low
        or "at]" in low
        or "at}" in low
        or "at )" in low
        or "%40" in low
        or (" at " in low and _PROVIDER.search(low) is not None)
    )


def _link(link: str, counted: Counted) -> str:
    """A link stays, for what it points to is talked about; what opens or identifies is taken out of it.

    Its numbers are ids of pages and messages, and stay; so do the commits that links to repositories name.
    """
    if "@" in link or "%40" in link:
        link = _USER.sub(lambda _: counted(PASSWORD) + "@", link)
        link = _EMAIL.sub(lambda found: _mailed(found[0], counted), link)
    if "=" in link:
        link = _QUERY.sub(lambda found: found[1] + counted(KEY), link)
    link = _HOOK.sub(lambda found: (found[1] or found[2]) + counted(KEY), link)
    link = _DIALLED.sub(lambda found: found[1] + counted(PHONE), link)
    if not _COMMIT.search(link):
        link = scrub_keys(link, counted)
    host = _HOST.match(link)
    return link if host is None else scrub_addresses(host[0], counted) + link[host.end() :]


def _mailed(found: str, counted: Counted) -> str:
    return found if found.startswith(_REPOSITORY) else counted(EMAIL)
