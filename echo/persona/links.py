"""Links and invitations, however they are written, but to hosts that an operator allowed. Pure.

What Discord makes a link of is one thing; what a reader could paste into a browser is another, and neither is said.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from echo.persona.unmasking import bare_words, unmasked

_DOTS: Final = str.maketrans(dict.fromkeys("。｡．․‧∙⋅・", "."))
"""Signs that browsers or readers take for the dot of a host; compatible forms are made plain before."""
_STRONG: Final = (
    "com net org info biz gg ly xyz top site online shop club click app dev link live page edu gov ru cn su tk ml c"
    "f gq "
    "uk de fr eu nl pl cz ch jp br mobi pro wtf lol fun icu vip win bid download stream loan zip mov onion space store "
    "website tech cloud work world today life news blog art gift gifts nitro games chat social"
)
_WEAK: Final = "io me so rs sh py md is in to at it us co cc tv im am be do no es se id us ws gl gd st fm la ai tf vc"
"""Top-level domains that are words, or endings of files too: only with a path, or behind two labels."""
_DOT: Final = r"(?:\s?(?:\.|[(\[{<]\s?(?:\.|dot|punkt|punto|point)\s?[)\]}>])\s?)"
_LABEL: Final = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_TLD: Final = rf"(?:{'|'.join(_STRONG.split())}|xn--[a-z0-9-]+|рф|中国|公司)"
_SCHEME: Final = re.compile(
    r"\b[a-z][a-z0-9+.-]{0,15}\s?(?::|：|\(colon\)|\[:\])\s?[/\\]\s?[/\\]|\bh\s?[tx*]{2}\s?ps?\s?(?::"
    r"|colon)\s?[/\\]{0,2}\s?\w+\s?\."
    r"|\b(?:mailto|tel|sms|magnet|javascript|vbscript|tg|steam|discord):\S|\bdata:\w+/\w"
    r"|(?<![:/\w])//[\w-]+\.[a-z]{2,}|\bwww\d?\s?\.\s?\w",
    re.IGNORECASE,
)
_HOST: Final = re.compile(
    rf"(?<![\w@\\.-])(?!(?:vb|asp|ado)\.net\b)(?:{_LABEL}\.){{1,5}}{_TLD}(?![\w-]|\(|\.\w)", re.IGNORECASE
)
_SPACED: Final = re.compile(
    (
        r"(?<![\w.-])[\w-]{2,63}(?:\s\.\s?|\s?[(\[{<]\s?(?:\.|dot|punkt|punto|point)\s?[)\]}>]\s?|\sdot\s)(?:com|net|org"
        r"|gg|io|xyz|ru|info|me|app|dev|ly)\b(?!\s?\()"
    ),
    re.IGNORECASE,
)
_WEAKLY: Final = re.compile(
    (
        rf"(?<![\w@/\\.-])(?:{_LABEL}\.){{1,4}}(?:{'|'.join(_WEAK.split())})/[\w~?#-]"
        rf"|(?<![\w@/\\.-])(?:[\w-]{{3,63}}\.){{2,4}}(?:io|me|co|ai|in|us|tv)(?![\w.(/-])"
    ),
    re.IGNORECASE,
)
_ADDRESS: Final = re.compile(
    r"\bhttps?://([a-z0-9-]+(?:\.[a-z0-9-]+)*)(?::\d{1,5})?(?=[/?#\s]|[.,;:!)]*(?:\s|$))", re.I
)
"""A link that is what it seems: no user, no backslash, nothing but plain letters in its host."""
_MASKED: Final = re.compile(r"\]\(\s*<?\s*(?:[a-z][\w+.-]*:|//|www\.|[\w-]+\.[a-z]{2,})|<a\s+href", re.IGNORECASE)
"""A link that shows something else than where it leads."""
_BREAK: Final = r"\s?(?:\.|\(\.\)|\[\.\]|\(dot\)|\[dot\]| dot )\s?"
_INVITE: Final = re.compile(
    rf"\bdiscord(?:app)?{_BREAK}(?:gg\b|com\s?/\s?invite|(?:me|io|li|link)\s?/\s?\w)|\b(?:dsc"
    rf"|invite){_BREAK}gg\s?/\s?\w"
    r"|\bt\.me\s?/\s?\w|\bdis\.gd\s?/\s?\w|chat\.whatsapp\.com\s?/\s?\w|(?:slack|join)\.com/(?:t|join)/\w"
    r"|\.gg\s?/\s?\w|\binvite code\b.{0,12}\b(?=\w*\d)[a-z0-9]{6,10}\b",
    re.IGNORECASE,
)
_APART: Final = re.compile(r"\s+(?=[./:])|(?<=[./:])\s+|\s+(?:dot|punkt|punto|point)\s+(?=(?:com|net|org|gg|io|xyz)\b)")
_WORD_DOT: Final = re.compile(r"\b(?:punkt|punto|point)\b", re.IGNORECASE)
_SPREAD_TLD: Final = re.compile(r"\.\s?(?:c\s?o\s?m|n\s?e\s?t|o\s?r\s?g|g\s?g)\b(?!\()", re.IGNORECASE)
_SQUEEZED: Final = re.compile(r"(?:https?|hxxps?)(?:www)?[a-z0-9-]{2,}(?:com|net|org|gg)\b|discordgg|discordcominvite")
"""Of the letters alone: links that were spread out with blanks or signs."""
_HINTS: Final = re.compile(r"[.。｡．․‧∙⋅・/\\:]|dot\b|punkt|punto|point|www|invite", re.IGNORECASE)
"""Without any of these nothing is a link."""


def leads(text: str, allowed: Collection[str] = frozenset()) -> bool:
    """Whether the text holds an invitation, a link that shows something else than where it leads, or a link to a host
    that is neither one of `allowed` (in lower case) nor under one of them."""
    if not _HINTS.search(text):
        return False
    rest = _without(text, allowed) if allowed and not _MASKED.search(text) else text
    plain = unmasked(rest).translate(_DOTS)
    return any(map(_is_link, {rest, plain})) or _is_apart(plain)


def _is_link(text: str) -> bool:
    return any(pattern.search(text) for pattern in (_SCHEME, _HOST, _SPACED, _WEAKLY, _INVITE, _MASKED)) or _is_spread(
        text
    )


def _is_apart(text: str) -> bool:
    """Whether blanks around signs, or a dot that is a word, keep a link from being one."""
    if _SPREAD_TLD.search(text) and not re.search(r"\.(?:com|net|org|gg)\b", text, re.IGNORECASE):
        return True
    near = _APART.sub(lambda found: "." if found.group(0).strip() else "", text.lower())
    if near == text.lower():
        return False
    return _INVITE.search(near) is not None or (_WORD_DOT.search(text) is not None and _HOST.search(near) is not None)


def _is_spread(text: str) -> bool:
    """Whether single letters spell a link: "h t t p s : / / ..."."""
    words = bare_words(text)
    single = sum(len(word) == 1 for word in words)
    return single >= 6 and 2 * single >= len(words) and _SQUEEZED.search("".join(words)) is not None


def _without(text: str, allowed: Collection[str]) -> str:
    """The text without plain links to allowed hosts."""

    def kept(found: re.Match[str]) -> str:
        host = found.group(1).lower()
        is_allowed = any(host == one or host.endswith(f".{one}") for one in allowed)
        return " " if is_allowed else found.group(0)

    return re.sub(_ADDRESS.pattern + r"[^\s<>]*", kept, text, flags=re.IGNORECASE)
