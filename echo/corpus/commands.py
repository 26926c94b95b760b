"""Telling what was typed for a bot from what was said to people. Pure."""

from __future__ import annotations

import re
from typing import Final

_CALL_WORDS: Final = """
8ball about afk avatar balance ban bal bet blackjack buy calc cat clear clean coinflip color daily deafen define
deop dog eval fish flip gamble gif give google hangman help hug hunt imdb info invite join kick lb leaderboard
leave level levels loop lyrics mcstatus meme mute np nowplaying op pause pay ping play playlist poll prefix prune
profile purge q queue quote rank remind remindme remove restart resume role roles roll rps run say search seek
serverinfo shop shuffle skip slots slowmode stats stop tag tags temprole timeout tr translate trivia unban unmute
uptime urban userinfo volume vol vote warn warnings warns weather wiki work xkcd yt youtube
"""
_CALLS: Final = frozenset(_CALL_WORDS.split())
"""What bots are called for most often."""
_NO_CALL_WORDS: Final = """
bin dev etc gen genq gone h half hj home ij j jk joking lh lib lhj lib me ml mnt nbh neg nick nm nsrs opt p pc pos
private proc ref rh root run s sarcasm sarc serious shrug spoiler srs srv sys t tableflip th thread tmp tts unflip
usr var
"""
_NO_CALLS: Final = frozenset(_NO_CALL_WORDS.split())
"""What begins with a slash and is no command of a bot: tones (/s), what Discord itself turns into words (/shrug), and
the folders of Unix."""
_NOT_BANGED: Final = frozenset(
    ["important", "true", "void", "anyerror", "false", "null", "none", "default", "is", "has"]
)
_FIRST: Final = re.compile(
    r"(?P<sign>[!?/.,;$%&+=~>^]{1,2}|-|[a-zA-Z]{1,3}[!?.]{1,2})(?P<call>8?[a-zA-Z][\w-]{0,31})(?=\s|$)"
)


def is_command(text: str) -> bool:
    """Whether the text (without white space around it) calls a bot, such as "!play x", "/roll" or "?rank".

    After ! any word is a call, after / almost any; after other signs, which begin code and asides as well, only what
    bots are commonly called for, and after ? also a word that stands alone.
    """
    if text[0].isalnum() and not _BANG.search(text, 1, 4):
        return False
    found = _FIRST.match(text)
    if found is None:
        return False
    sign, call = found["sign"], found["call"].lower()
    if sign in ("!", "!!"):
        return call in _CALLS or (call not in _NOT_BANGED and call.replace("-", "").replace("_", "").isalpha())
    if sign == "/":
        return call not in _NO_CALLS and not call.startswith("u0")
    if sign == "?" and found.end() == len(text):
        return len(call) >= 3
    return call in _CALLS


_BANG: Final = re.compile(r"[!?.]")
