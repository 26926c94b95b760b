"""How people bind themselves, in English, German, French and Spanish: the phrases of `echo.persona.commitments`. Pure.

Each row is a kind, the words of which one stands in every such phrase, and patterns, a line each, over `bare_words`
joined by single blanks. `{NAME}` stands for a part of PARTS.
"""

from __future__ import annotations

from typing import Final

from echo.persona.binding import Kind

PARTS: Final = {
    # English
    "I_WILL": r"(?:i ll|ill|i will|i shall|i can|(?:i am|i m|im) (?:going to|gonna)|ima|we ll|we will)"
    r"(?: (?:definitely|surely|certainly|gladly|totally|just|also|then|happily|personally))?",
    "I_AM": r"(?:i m|im|i am|we re|we are)"
    r"(?: (?:already|still|just|currently|now|back|sitting|standing|almost|nearly|right))*",
    "DAY": r"(?:mon|tues|wednes|thurs|fri|satur|sun)day",
    "WHEN": r"(?:tomorrow|tonight|tmrw|(?:on|by|this|next) {DAY}|by (?:tomorrow|tonight|noon|midnight|\d)"
    r"|next (?:week|month)|this (?:weekend|evening|afternoon)|at \d{1,4}(?: ?[ap]m)?(?= |$)(?! (?:bit|byte|percent))"
    r"|in (?:\d+|a few|an?|half an) (?:mins?|minutes?|hours?|days?)(?= |$))",
    "ABODE": r"(?:home|house|airport|station|office|pub|bar|gym|hospital|school|work|hotel|restaurant|cafe|doctor"
    r"|dentist|train|bus|car|mall|store|supermarket|beach|party|flat|apartment|parents|place|desk|bed)",
    "TERMS": r"(?:the|your|this|that|all) (?:\w+ )?(?:offer|contract|terms|deal|price"
    r"|conditions|proposal|agreement|payment|invitation)s?\b",
    "PAY": r"(?:pay|wire|refund|venmo|paypal|reimburse|lend|owe|repay)",
    "GIVE": r"(?:transfer|send|buy|give|bring|ship|order|donate)",
    # German
    "TAG": r"(?:montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag)",
    "WANN": r"(?:morgen|heute abend|um \d+\S*|am {TAG}|bis (?:morgen|{TAG}|um)|nachste woche"
    r"|in \d+ (?:min|minuten|stunden))",
    "SCHON": r"(?:schon |gerade |grade? |noch |jetzt |fast |gleich |wieder )*",
    # French
    "JOUR": r"(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)",
    "QUAND": r"(?:demain|ce soir|{JOUR}|a \d+\S*|vers \d+\S*|dans \d+ (?:min|minutes|heures?))",
    # Spanish
    "CUANDO": r"(?:manana|esta (?:noche|tarde)|a las? \d*"
    r"|el (?:lunes|martes|miercoles|jueves|viernes|sabado|domingo))",
}
WILL: Final = "ll ill will shall can going gonna ima"
"""The words of which one stands in I_WILL."""

ROWS: Final[tuple[tuple[Kind, str, str], ...]] = (
    # English
    (
        Kind.PROMISE,
        "promise swear guarantee word count rely",
        r"""
        \b(?:i|we) (?:\w+ )?promise\b(?! (?:type|object|chain))
        ^(?:it s a |yes |ok )*promise$
        \bi (?:swear|guarantee)(?: to)?(?: you)?(?: that)? (?:i|we) (?:ll|will)\b
        \b(?:you have my|i give you my) word\b
        ^my word(?: on it| for it)?$
        \b(?:count|rely) on me\b(?! (?:not|to (?:forget|mess)))
        """,
    ),
    (
        Kind.PROMISE,
        WILL,
        r"""
        \b{I_WILL} (?!(?:never|not|only|probably|still) )(?:\w+ ){1,8}?{WHEN}
        """,
    ),
    (
        Kind.APPOINTMENT,
        WILL,
        r"""
        \b{I_WILL} (?:\w+ )?be (?:right )?there\b
        \b{I_WILL} (?:\w+ )?(?:(?:be|come) over|come by|come to your|join you (?:there|at|for)|meet (?:you|up|u))\b
        \b{I_WILL} (?:\w+ )?(?:pick (?:you|him|her|them|u) up|(?:call|ring|visit) (?:you|u)\b(?! (?:an?|the) ))
        """,
    ),
    (
        Kind.APPOINTMENT,
        "see cya seeya meet date make come",
        r"""
        \b(?:see (?:you|ya|u)|cya|seeya) (?:all |guys )?(?:there\b|{WHEN})
        \b(?:let s|lets) meet (?:up )?(?:{WHEN}|at|there|in)\b
        \bmeet (?:you|me|u) (?:there|at the|at my|{WHEN})
        ^(?:ok |okay |then )*(?:it s|its|that s|thats) a date$
        \bi can (?:make it|come) {WHEN}
        """,
    ),
    (
        Kind.AGREEMENT,
        "deal count sign accept agree consent authorize authorise hired marry",
        r"""
        ^(?:ok |okay |yes |yeah |alright |sure |fine |then |(?:it|that) s a |its a |thats a )*deal(?: then)?$
        \b(?:you (?:ve )?(?:have|got)|we have|it s|its) (?:yourself )?a deal\b(?! with| between| that| breaker)
        \b(?:count|sign) (?:me|us) (?:in|up)\b
        \b(?:i|we) (?:hereby |fully )?(?:accept|agree (?:to|with)|consent to|authori[sz]e) {TERMS}
        \b{I_WILL} (?:sign (?:it|the|your|this|that)|marry)\b
        \bi (?:hereby )?(?:give (?:you )?(?:my )?consent|consent$)
        \byou(?: a)?re hired\b
        """,
    ),
    (
        Kind.WHEREABOUTS,
        "way omw there away outside door arrived landed home house airport station office pub bar gym hospital school "
        "work hotel restaurant cafe doctor dentist train bus car mall store supermarket beach party flat apartment "
        "parents place desk bed",
        r"""
        \b{I_AM} on (?:my|our) way\b(?! to (?:becom|understand|learn|gett|be))
        ^(?:ok |yes )*on my way(?: now| home)?$
        ^(?:ok |yes |im |i m )*omw\b
        \b(?:i m|im|i am) (?:almost|nearly) there$
        \b{I_AM} (?:\w+ ){1,3}?(?:mins?|minutes?|hrs?|hours?) away\b(?! from \w+ing)
        \b{I_AM} home(?: now)?$
        \b{I_AM} (?:at|in|on) (?:the |my |your |our |a )?{ABODE}\b(?! (?:of|for|where|that|queue|loop))
        \b{I_AM} (?:outside (?:your|the (?:door|house|office)|now)|(?:in front of|at) your door)
        \b(?:i|we) (?:ve |have )?just (?:arrived|landed|got (?:back )?home|came home)\b
        """,
    ),
    (
        Kind.PAYMENT,
        "pay wire refund venmo paypal reimburse lend owe repay treat me " + WILL,
        r"""
        \b(?:{I_WILL}|i d gladly|i would gladly|let me) (?:\w+ )?{PAY}\b(?! (?:more )?attention| the price| close)
        \b{I_WILL} (?:\w+ )?{GIVE} (?:it to )?(?:you|u|ya|him|her|them)\b(?! an? (?:example|link|hint|tip|idea|try))
        \bi owe (?:you|u|ya|him|her|them) (?:\d|money|a (?:beer|drink|coffee|dinner|lunch)|some|cash)
        \b(?:it s|its) my treat\b
        \b(?:drinks?|dinner|lunch|beers?|this one s) (?:are |is )?on me\b
        """,
    ),
    # German
    (
        Kind.PROMISE,
        "verspreche versprech garantiere versprochen wort verlassen verlass zahlen",
        r"""
        \bich (?:verspreche?|garantiere) (?:dir|euch|ihnen|es|das|dass)\b
        ^(?:ja |ok |hoch und heilig )*versprochen$
        \b(?:du hast|ihr habt|ich gebe? (?:dir|euch)) mein wort\b
        \bauf mich (?:verlassen|zahlen)\b|\bverlass dich (?:drauf|auf mich)\b
        """,
    ),
    (
        Kind.APPOINTMENT,
        "ich komm komme bin treffen sehen bis dabei",
        r"""
        \bich (?:mach|erledig|schick|bring|kummer|liefer|schreib|geb)(?:e|er|ere)? (?:\w+ ){0,5}?{WANN}
        \bich komme? (?:\w+ ){0,2}(?:vorbei|mit$|{WANN})
        \bich bin (?:\w+ )?(?:{WANN} (?:da|dort|bei)\b|dabei$)
        ^(?:ok |ja )*(?:bin dabei|ich komm(?:e|e mit)?)$
        \bich hole? (?:dich|euch|ihn|sie) (?:\w+ ){0,3}ab\b
        \bich rufe? (?:dich|euch) (?:\w+ ){0,2}an\b
        \b(?:wir sehen uns|treffen wir uns|lass uns (?:\w+ )?treffen) (?:{WANN}|dort)
        ^(?:ok |dann )*bis (?:\w+ )?um \d
        """,
    ),
    (
        Kind.AGREEMENT,
        "abgemacht angebot vertrag bedingungen unterschreib unterschreibe",
        r"""
        ^(?:ok |ja |gut |also )*abgemacht\b
        \bich nehme? (?:das|dein|ihr|euer|den) (?:\w+ )?(?:angebot|vertrag) an\b
        \bich akzeptiere (?:das|dein|ihr|den|die|eure|deine) (?:angebot|vertrag|bedingungen)\b
        \bich unterschreibe? (?:das|den|es)\b
        """,
    ),
    (
        Kind.WHEREABOUTS,
        "unterwegs weg hause zuhause daheim da tur zug buro auto bus bahnhof krankenhaus hotel arbeit eltern",
        r"""
        \bbin {SCHON}(?:unterwegs(?! in der)|auf dem weg\b|(?:zu )?hause\b|zuhause|daheim|da$|vor der tur)
        \bbin {SCHON}(?:im (?:zug|buro|auto|bus|krankenhaus|hotel)|am bahnhof|bei (?:dir|meinen eltern))\b
        \bbin {SCHON}auf (?:der )?arbeit\b
        """,
    ),
    (
        Kind.PAYMENT,
        "zahl zahle bezahl bezahle uberweis uberweise leih leihe kauf kaufe erstatte spendier spendiere schulde geld "
        "mich lad lade",
        r"""
        \bich (?:(?:be)?zahle?|uberweise?|leihe?|kaufe?|erstatte|spendiere?|schulde) (?:dir|dich|euch|das|es|ihm|ihr)\b
        \bich (?:schicke?|gebe?) (?:dir|euch) (?:das |\d+ )?(?:geld|euro)
        \bgeht auf mich\b
        \bich lade? (?:dich|euch) (?:\w+ )?ein\b
        """,
    ),
    # French
    (
        Kind.PROMISE,
        "promets promis parole compter compte comptez",
        r"""
        \bje (?:\w+ ){0,2}promets\b
        ^(?:oui |ok |c est )*promis(?: jure)?$
        \bdonne ma parole\b
        \b(?:tu peux compter|vous pouvez compter|compte|comptez) sur (?:moi|nous)\b
        """,
    ),
    (
        Kind.APPOINTMENT,
        "serai arrive viens viendrai passe passerai rejoins retrouve appelle rappelle voit demain rendez",
        r"""
        \bje serai (?:la\b|{QUAND})
        \bj arrive(?:$| (?:dans|vite|tout de suite|a \d))
        \bje (?:viens|viendrai|passe|passerai) (?:\w+ )?(?:{QUAND}|chez (?:toi|vous)|te chercher|vous chercher)
        \bje (?:te|vous|t) (?:rejoins|retrouve|appelle|rappelle)\b
        \bon se (?:voit|retrouve|rejoint) {QUAND}
        \ba demain (?:a|vers) \d
        \brendez vous (?:a \d|demain|devant|chez)
        """,
    ),
    (
        Kind.AGREEMENT,
        "conclu accepte signe signerai",
        r"""
        \bmarche conclu\b
        \bj accepte (?:(?:ton|votre|cette|les|la) |l )(?:offre|contrat|conditions|proposition|invitation|marche)\b
        \bje signe(?:rai)?\b
        """,
    ),
    (
        Kind.WHEREABOUTS,
        "route chemin maison chez bureau travail boulot train bus metro devant",
        r"""
        \bje suis (?:deja |encore |presque )*(?:en (?:route|chemin)|a la maison|chez (?:moi|toi|mes))\b
        \bje suis (?:deja |encore )*(?:au (?:bureau|travail|boulot)|dans le (?:train|bus|metro)|devant (?:chez|la|ta))\b
        """,
    ),
    (
        Kind.PAYMENT,
        "paie paye paierai payerai rembourse rembourserai prete dois vire invite",
        r"""
        \bje (?:te |vous |le |la |les )(?:le |la |les )?(?:pai|pay|rembours|prete|vir)(?:e|erai)?\b
        \bje (?:te|vous) dois (?:\d|de l argent)
        \bje t invite\b
        """,
    ),
    # Spanish
    (
        Kind.PROMISE,
        "prometo prometido palabra conmigo",
        r"""
        \b(?:te|os|se|les) (?:lo )?prometo\b|^prometo\b|^prometido$
        \bte doy mi palabra\b
        \b(?:cuenta|cuenten|contad|puedes contar) conmigo\b
        """,
    ),
    (
        Kind.APPOINTMENT,
        "vemos quedamos estare llego paso recojo llamo voy",
        r"""
        \b(?:nos vemos|quedamos) (?:{CUANDO}|alli|ahi)
        \b(?:alli|ahi) estare\b|\bestare (?:ahi|alli|a las)\b
        \bllego (?:a las|en \d|en cinco)
        \bpaso (?:a buscarte|por ti)\b|\bte (?:recojo|llamo)\b
        """,
    ),
    (
        Kind.AGREEMENT,
        "trato acepto firmo",
        r"""
        \btrato hecho\b|^firmo\b
        \bacepto (?:la|tu|su|el|los|las) (?:oferta|contrato|propuesta|terminos|trato|condiciones)\b
        """,
    ),
    (
        Kind.WHEREABOUTS,
        "camino alla llegando casa trabajo metro bus tren aeropuerto oficina afuera",
        r"""
        \b(?:voy|estoy) (?:ya )?(?:para alla|en camino|de camino|llegando)\b
        \bestoy (?:ya )?(?:en (?:casa|el (?:trabajo|metro|bus|tren|aeropuerto)|la oficina)|afuera)\b
        """,
    ),
    (
        Kind.PAYMENT,
        "pago pagare transfiero presto devuelvo debo compro invito",
        r"""
        \bte (?:lo )?(?:pago|pagare|transfiero|presto|devuelvo|compro)\b
        \bte debo (?:\d|dinero|una )
        \byo (?:te )?invito\b
        """,
    ),
)
