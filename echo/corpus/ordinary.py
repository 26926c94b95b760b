"""Words that are names as well: who is called like one cannot be told from the word."""

from __future__ import annotations

from typing import Final

_WORDS: Final = """
a able about above account actually address admin after again all almost alone also always am amber an and angel angle
animal any anybody anyone anything april are around art as ash asian ask at august aurora autumn away baby back bad
ball band bank baron base basil bat be bear beauty because bee been before being believe bell bella berry best better
big bill bird bishop bit black blade blank blaze block bloom blossom blue board bob book boot boss bot both bow box
boy brandy bread breeze bright brook brown buck bud buddy bug bunny burn but butter by byte cake call came can candle
candy cap car card carol cash castle cat chance change char charm chase chat check cheese cherry chief child chip
christian chuck clay clean clear click cloud club coal coast cobra code coffee cold colt come comet cook cookie cool
copper coral core corn could count cow crash cream creature cross crow crown crystal cup cute daddy daisy dare dark
dart dawn day days dead dean death december deep deer demon dev did dirk dirt diva do doc doctor does dog doll dollar
don done door dot double down dragon drake draw dream drew drop duck dude duke dusk dust each eagle earl early earth
east easy echo eden edge egg eight else ember end enough error even ever every everyone evil eye fable face fact fail
fair fairy faith fall false fan far fast fate fawn feel fern few file fin find fine fire first fish five flame flash
flint flora flower fly fog foot for forest four fox frank free friday friend frog from frost fruit full fun game
garden gem general get ghost giant gin ginger girl give glad glass go goat god goes going gold gone good goose got
grace grand grant grape grass gray great green grey grin group guard guest guild gun guy guys had hall hand happy hard
has hat have haven hawk hazel he heart heather heaven hell hello help her here hero hey hi high hill him his hit hobby
holly home honest honey hood hook hop hope horse host hot hour house how hunter i ice idea if in into iris iron is it
ivy jack jade jam jasmine jay jazz jean jelly jerry jet jewel job joker josh joy judge june junior jury just justice
karma keen keep key kid kind king kit kitten kitty knight knot know lady lake lamb lamp lance land lane large lark
last late laugh laurel lava law lazy leaf lee left lemon less let life light like lily lime line link lion list little
live log logic lol london long look lord lost lotus love low luck lucky luna lynx mac mad magic mail main major make
man many map maple march marcus marina mark market mars marsh mason master mat match matrix matt matter max may maybe
me meadow mean men mercy merry message metal mice mike miles milk mill mind mine mint miss mist mob mod modest mom
monday money monk monkey moon more morning moss most moth mouse much mud music must my myself myth name near neat neo
nerd never new news next nice nick night nine ninja no noah nobody noise none noob noon nor normal north not nothing
nova november now null number nut oak ocean october odd of off offer often oil ok okay old olive on once one onion
only onyx opal open or orange orchid order other otter ought our out over owl own page pain palm panda pansy paper
paris park part pass password past pat patch path patience paul peace peach peak pearl penny people pepper person pet
phoenix phone pick pie pig pilot pin pine pink pixel pixie place plan planet play player please plum point poppy pot
power precious pretty price pride prime prince princess proud pure purple quartz queen quick quiet quite rabbit rain
rainbow random ranger rat raven raw ray read ready real really red reed reply rich ridge right ring river road rob
robin robot rock rocket role roman root rose rough round royal ruby rude rune rush rust ruth sad sage said sail saint
salt same sand sandy sarge saw say scarlet scout sea seal season second see self senior server seven shade shadow
shall shark she shell sheriff shine ship shoe short should show shy side sierra silver since six sky sleep slick slim
slow small smart smile smith smoke snake snow so soft soldier sole some somebody someone something son song soon soul
sound south space spark sparrow spice spider spirit spring spy stack star stark start stay steel step stick still
stone stop storm story street strong such sue sugar summer sun sunday sunny sunshine sure surf swan sweet system take
tall tango tank tap tea team tech tell ten terry test text than thank thanks that the their them then there these they
thing things think third this thorn those thou though three through thunder tide tiger time tin tiny to toast toby
today tom too took top toy travel tree trip trouble troy true trust truth try tulip turn turtle two ugly under unit up
us use user van vector velvet very vet victor victory vine viola violet vision void wade want war ward was wash watch
water wave way we web wednesday week weird well went were west what wheat when where which while white who whole why
wild will willow wind wing winner winter wish witch with wizard wolf woman wonder wood word words work world would
wren yard yeah year yellow yes yet you young your zero zone
aber alle als auch auf aus bei bin bis bist da das dem den der des die dies doch du ein eine er es euch frei ganz gar
gut hab haben hallo hat heute hier ich ihr im immer ist ja jetzt kann kein kurz lang lieb los mal man mein mit nach
nein nicht nie noch nur ob oder ohne raus rein rot sag schon sehr sein sich sie sind so stern tag tot und uns viel vom
von vor war warum was weg weil wenn wer wie wieder wir wo wohl wolf zeit zu zum zur
est les des une mais pour pas que qui sur tout bien avec dans elle nous vous sol luz mar rey rio flor una por los las
con del mas muy pero para como hola
"""

ORDINARY: Final = frozenset(_WORDS.split())
"""In lower case. English mostly, with the shortest words of German, French and Spanish."""
