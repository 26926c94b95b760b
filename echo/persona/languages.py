"""In which languages and scripts somebody writes: stop words that other languages lack, and the blocks of letters.

A message is often too short to tell; a corpus is not. Only messages that tell are counted. The words were chosen so
that none of them is an everyday word of another language here; those of other scripts tell by their letters.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

from echo.persona.tokens import words

STOP_WORDS: Final[dict[str, frozenset[str]]] = {
    language: frozenset(listed.split())
    for language, listed in {
        "English": "the and you that it's is what this with have not are your i'm don't just but can like they was "
        "know how would my yeah think there when about from some really should were which does because could isn't",
        "German": "ich nicht und ist das ein auch wie mir dann aber noch schon mal bei haben nur sind doch wenn kann "
        "immer jetzt wird einen eine mit oder habe vielleicht wieder hier gibt weil zum sich",
        "French": "je c'est pas est les une pour mais avec dans suis qui j'ai ça oui tout bien elle ils nous vous "
        "très aussi quand comme sont être fait d'accord alors c'était moi",
        "Spanish": "que el es por los una pero con para como muy más también yo está eso porque hay cuando este "
        "esta donde soy tengo nada hacer ahora creo bueno así pues",
        "Portuguese": "não uma você com isso mas eu ele ela foi tem muito também são está quando agora meu minha "
        "então fazer acho pra vou aqui isto ainda",
        "Italian": "che non è di il sono una per ho con anche questo perché mi gli della come più però quando cosa "
        "fatto molto bene poi allora quello",
        "Dutch": "het een niet ik van dat is wel maar ook voor zijn hij heb naar goed kan deze omdat wat ben nog "
        "moet geen zou hebben jij mijn",
        "Polish": "nie się jest że jak ale czy tylko już jestem mnie tak dla ma będzie może tego był bardzo teraz "
        "co to jeszcze gdzie",
        "Swedish": "och jag det inte är att som har med på för men den vad mig kan så något också från när mycket "
        "bara varför",
        "Turkish": "bir ve bu ben ama değil çok için ne var mı daha gibi şey evet yok kadar olan bunu nasıl ya "
        "benim sen",
        "Indonesian": "yang dan itu aku ini tidak ada bisa untuk sama juga dengan kalau sudah apa saja gak kamu "
        "lagi mau banget",
        "Vietnamese": "không là của và có được người một cho tôi này với đã những thì cũng mình",
    }.items()
}  # fmt: skip
SCRIPTS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    ("Japanese", re.compile("[\u3040-\u30ff]")),
    ("Korean", re.compile("[\uac00-\ud7af\u1100-\u11ff]")),
    ("Chinese characters", re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")),
    ("Cyrillic letters", re.compile("[\u0400-\u04ff]")),
    ("Greek", re.compile("[\u0370-\u03ff]")),
    ("Hebrew", re.compile("[\u0590-\u05ff]")),
    ("Arabic letters", re.compile("[\u0600-\u06ff]")),
    ("Devanagari letters", re.compile("[\u0900-\u097f]")),
    ("Thai", re.compile("[\u0e00-\u0e7f]")),
)
SURE: Final = 2
"""Stop words of a language more than of any other from which on a message is taken to be in it."""
FEWEST: Final = 12
"""Messages that tell their language from which on shares are given."""

_LANGUAGES_OF: Final[dict[str, tuple[str, ...]]] = {
    word: tuple(language for language, listed in STOP_WORDS.items() if word in listed)
    for listed in STOP_WORDS.values()
    for word in listed
}


def language_of(text: str) -> str | None:
    """The language or script of one message, None where it doesn't tell."""
    if not text.isascii():
        for name, letters in SCRIPTS:
            if letters.search(text):
                return name
    count: Counter[str] = Counter()
    for word in set(words(text.replace("’", "'"))):
        for language in _LANGUAGES_OF.get(word, ()):
            count[language] += 1
    best = count.most_common(2)
    if not best:
        return None
    ahead = best[0][1] - (best[1][1] if len(best) > 1 else 0)
    return best[0][0] if ahead >= SURE else None


def shares(texts: Iterable[str]) -> list[tuple[str, float]]:
    """The languages in which messages are, with their shares of those that tell, largest first; none of too few."""
    found = Counter(language for text in texts if (language := language_of(text)) is not None)
    total = sum(found.values())
    if total < FEWEST:
        return []
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return [(language, count / total) for language, count in ordered]
