"""Yes, no and not, in English, German, French and Spanish: the words by which a statement affirms or denies. Pure.

Words are folded (lower case, no accents). Other languages are read too, but only their numbers and same words count.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_TOKEN: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_ODD_APOSTROPHES: Final = str.maketrans({"’": "'", "‘": "'", "`": "'", "´": "'"})


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


YES: Final = _words(
    "yes yeah yea yep yup ye aye sure definitely absolutely totally indeed ofc "
    "ja jo jap jep jup klar naturlich sicher freilich oui ouais ouaip carrement evidemment si sip claro obvio"
)
NO: Final = _words("no nope nah never nein ne nee na nie niemals non nan jamais nunca jamas tampoco noup")
_ALONE: Final = _words("si ne na nan")
"""Words that mean something else where more follows them than a pause."""
_NO_VERDICT: Final = _words(
    "idea clue problem worries wonder matter doubt offense ahnung problemo pasa importa se idee probleme souci sense"
)
"""After "no", these make it no answer."""
_PAIRS: Final = {
    tuple(pair.split()): said
    for said, pairs in {
        True: ("of course", "bien sur", "por supuesto", "hell yes", "auf jeden"),
        False: (
            *("not really", "not at", "no way", "hell no", "auf keinen", "pas vraiment", "pas du", "pas trop"),
            *("para nada", "claro no"),
        ),
    }.items()
    for pair in pairs
}
"""Two words that begin a yes or a no."""
_FILLERS: Final = _words(
    "well oh um uh hmm hm so haha lol hey naja also tja ach bah ben euh bon pues bueno eh mmm mm ah and und et y"
)

NEGATION: Final = _words(
    "not never no nor nicht nich net nie niemals pas jamais aucun aucune nunca jamas tampoco ningun ninguna ninguno "
    "kein keine keinen keinem keiner keins dont doesnt isnt cant wont didnt aint wasnt arent wouldnt shouldnt couldnt "
    "havent hasnt cannot without ohne sans sin hardly kaum"
)
_CONTRACTED: Final = {
    word: canon
    for canon, words in {
        "be": "isn't isnt aren't arent ain't aint",
        "have": "haven't havent hasn't hasnt",
        "can": "can't cant cannot",
        "will": "won't wont",
    }.items()
    for word in words.split()
}
_CANON: Final[dict[str, str]] = {
    word: canon
    for canon, words in {
        "be": "am is are m bin bist ist sind seid suis est sommes sont soy eres es somos son estoy esta estas estamos",
        "have": "have has ve habe hab hat haben ai avons avez ont tengo tiene tienes tenemos got",
        "can": "can kann kannst konnen peux peut puedo puede",
        "will": "will ll werde wird wirst vais voy",
        "like": "like likes love loves enjoy mag magst mogen liebe lieben aime aimes adore gusta gustan encanta "
        "encantan adoro amo",
        "hate": "hate hates dislike dislikes loathe hasse hassen hasst deteste detestes odio odia odie despise",
    }.items()
    for word in words.split()
}
OPPOSITES: Final = {"hate": "like"}
"""What says the opposite of another word."""

_GERMAN: Final = _words("ich du er sie wir ihr der die das den dem und ist sind nicht ein eine einen war bin mit auf")
"""Beside these, "im" is "in the", not "I am"."""
FIRST: Final = _words(
    "i ive ill me my mine myself we our us ich mich mir mein meine meinen meiner meinem wir uns unser je j moi mon ma "
    "mes nous notre nos yo mi mis conmigo nosotros"
)
SECOND: Final = _words(
    "you u your yours ur youre du dich dir dein deine deinen ihr euch tu toi ton ta tes vous votre vos te ti usted "
    "ustedes vosotros tus"
)
THIRD: Final = _words("he she they him them his their er sie ihn ihm il elle ils elles lui leur ella ellos ellas")
PERSONS: Final = {
    **dict.fromkeys(FIRST, 1),
    **dict.fromkeys(SECOND, 2),
    **dict.fromkeys(THIRD, 3),
}
STOP: Final = _words(
    "a an the this that these those it its of to in on at for from with by as than then there here and or but so too "
    "very really just well still also only even quite pretty actually honestly tbh imo lol haha oh hm hmm now ever "
    "yet do does did done s d t re been being what which who how when where why if would could should might may let "
    "please der die das den dem des ein eine einen einem einer und oder aber auch sehr ganz schon noch nur mal doch "
    "eben halt zu zum zur im am auf mit von bei fur aus als wie wenn dass wohl gern gerne es er was wer wo wann warum "
    "le la les l un une du de et ou mais que qui quoi ce c cette ces ca tres bien aussi encore y en dans sur pour par "
    "avec au aux ne n se qu comment quand pourquoi quel quelle el los las lo una unos unas del al o pero muy tambien "
    "con por para como cuando donde porque cual ya mas su sus esto eso esta ese"
)
CONDITIONAL: Final = _words("if unless wenn falls sofern si")
ARTICLES: Final = _words("a an the some ein eine einen der die das un une una le la les el los las lieber eher plutot")
MARKS: Final = _words("or oder ou o")
"""What stands between two things to choose from."""
EXCLUSIVE: Final = re.compile(
    r"(?:favou?rite|fave?|lieblings\w*|prefere\w*|favori\w*|preferid[oa]s?|name|nombre|birthday|geburtstag|anniversaire"
    r"|cumpleanos)\Z"
)
"""What somebody has one of."""
MINE: Final = _words("my mein meine mon ma mi")
PASSING: Final = _words(
    "min mins minute minuten minuto hour h stunde stunden std heure hora sec second sekunde seconde"
)
"""Units of what changes by itself."""
_NUMBERS: Final[dict[str, int]] = {
    word: number
    for number, words in {
        2: "two zwei deux dos",
        3: "three drei trois tres",
        4: "four vier quatre cuatro",
        5: "five funf cinq cinco",
        6: "six sechs seis",
        7: "seven sieben siete",
        8: "eight acht huit ocho",
        9: "nine neun nueve",
        10: "ten zehn dix diez",
        11: "eleven elf onze",
        12: "twelve zwolf douze doce",
    }.items()
    for word in words.split()
}


def tokens(text: str) -> tuple[str, ...]:
    """The folded words of a text; "don't" stays one, other words are cut at apostrophes."""
    plain = unicodedata.normalize("NFKD", text.translate(_ODD_APOSTROPHES).casefold())
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    found = _TOKEN.findall(plain)
    english = _GERMAN.isdisjoint(found)
    out: list[str] = []
    for word in found:
        if word == "im" and english:
            out += ("i", "m")
        else:
            out.extend([word] if word.endswith("n't") else word.split("'"))
    return tuple(out)


def canonical(word: str) -> str | None:
    """The word that stands for this one and its like; None for those that say nothing by themselves."""
    word = _CONTRACTED.get(word, word)
    if word in _CANON:
        return _CANON[word]
    if word in STOP or word in PERSONS or word in NEGATION or word.endswith("n't"):
        return None
    return singular(word)


def singular(word: str) -> str:
    """The word without the s of a plural."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def number_of(word: str) -> int | None:
    """The number that a word is, in digits or up to twelve in letters."""
    return int(word) if word.isascii() and word.isdigit() and len(word) < 12 else _NUMBERS.get(word)


def denies(words: tuple[str, ...]) -> bool:
    """Whether a negation is among them."""
    return any(word in NEGATION or word.endswith("n't") for word in words)


def verdict(text: str) -> bool | None:
    """Whether an answer begins with a yes (True) or a no (False); None where it begins with neither, or with both."""
    if text.rstrip().endswith("?"):
        return None
    words = list(tokens(text[:200]))
    while words and words[0] in _FILLERS and len(words) > 1:
        words = words[1:]
    if not words:
        return None
    pair = (words[0], words[1]) if len(words) > 1 else None
    if pair in _PAIRS:
        return _PAIRS[pair]
    said = True if words[0] in YES else False if words[0] in NO else None
    if said is None or (pair is not None and _is_undone(said, pair, text)):
        return None
    return said


def _is_undone(said: bool, pair: tuple[str, str], text: str) -> bool:
    """Whether the second word makes the first one no yes or no."""
    if pair[0] in _ALONE and not re.match(r"\W*\w+\s*[,.!;:…\n)-]", text):
        return True
    return pair[1] in (NO if said else YES) or (not said and pair[1] in _NO_VERDICT)
