"""Words that are names as well: who is called like one cannot be told from the word."""

from __future__ import annotations

from typing import Final

_WORDS: Final = """
a able about above account actually address admin afraid after again alive all almost alone also always am amazing
amber an and angel angle angry animal any anybody anyone anything app apps april are around array art as ash asian ask
asleep at august aurora autumn awake away awesome awful baby back bad ball band bank baron base bash basil bat be bear
beauty because bee been before being believe bell bella berry best beta better big bill bird bishop bit black blade
blank blaze blind block bloom blossom blue board bob book bool boot bored boring boss bot both bow box boy brandy
brave brb bread breeze bright bro broke broken brook bros brown browser bruh btw buck bud buddy bug bugs build bunny
burn busy but butter by bye byte cache cake call calm came can candle candy cap car card carol cash castle cat chad
chance change char charm chase chat check cheese cherry chief child chill chip christian chuck class clay clean clear
clever click client cloud club cmd coal coast cobra code coder coffee cold colt come comet command commit compile
compiler computer config confused console cook cookie cool copper coral core corn could count cow cpu crash crazy
cream creature cross crow crown crystal css cup curious cursed cursor cute daddy daisy damn dare dark dart data dawn
day days dead dean death debug december deep deer default delete demon desktop dev devs did dirk dirt discord diva do
doc docker docs doctor does dog doll dollar don done door dot double down dragon drake draw dream drew drop duck dude
duke dumb dummy dusk dust each eagle earl early earth east easy echo eden edge edit egg eight else email ember emoji
end enough epic error even ever every everyone evil eye fable face fact fail fair fairy faith fall false fan fancy far
fast fat fate fawn feel fern few file files filthy fin find fine fire first fish five flame flash flat flint float
flora flower fly fog font foolish foot for forest four fox frank free fresh friday friend frog from frontend frost
fruit full fun fuzzy fyi game gamer gamers gaming garden gem general gentle get ghost giant gin ginger girl git github
give glad glass gloomy gmail go goat god goes going gold golden gone good google goose got gpu grace grand grant grape
grass gray great green grey grin group grumpy guard guest guild gun guy guys had haha hall hand happy hard has haskell
hat have haven hawk hazel he heap heart heather heaven heavy heck hell hello help her here hero hey hi high hill him
his hit hobby holly holy home honest honey hood hook hop hope horse host hot hour house how html http huge huh humble
hungry hunter hyper i ice idea if imo in innocent insane int into iris iron is it ivy jack jade jam jasmine java
javascript jay jazz jean jelly jerry jet jewel job joker josh joy joyful json judge june junior jury just justice
karma keen keep kernel key keyboard kid kind kinda king kit kitten kitty knight knot know kotlin lady lake lamb lamp
lance land lane laptop large lark last late laugh laurel lava law lazy leaf lee left legend legit lemon less let lib
library life light like lily lime line link linux lion list little live lmao localhost log logic lol london lonely
long look loop lord lost lotus loud love low lowkey lua luck lucky luna lynx mac macos mad magic mail main major make
man many map maple march marcus marina mark market mars marsh mason master mat match matrix matt matter max may maybe
me meadow mean meme memes memory men menu mercy merry message messy metal mice mike mild miles milk mill mind mine
mint miss mist mister mob mobile mod mode model modest module mom monday money monk monkey mood moon more morning moss
most moth mouse much mud music must my myself mysterious myth name naughty near neat neo nerd never new news next nice
nick night nine ninja no noah nobody node noise noisy none noob noon nope nor normal north not nothing nova november
now null numb number nut nvm oak object ocean october odd of off offer offline often oil ok okay old olive omg on once
one onion online only onyx opal open or orange orchid order other otter ought our out outlaw outsider over owl own
package page pain palm panda pansy paper paris park parse parser part pass password past pat patch path patience paul
peace peaceful peach peak pearl penny people pepper perfect perl person pet phoenix phone php pick pie pig pilot pin
pine pink pirate pixel pixie place plain plan planet play player please pls plugin plum plz png point pointer poor
poppy popular post pot power precious pretty price pride prime prince princess print private process professional
profile programmer proud proxy pure purple python quartz queen query quick quiet quite rabbit rain rainbow random
ranger rare rat raven raw ray read ready real really red reed reply retro rich ridge right ring river road rob robin
robot rock rocket rogue role roman root rose rough round router royal ruby rude rune runner rush rust rusty ruth sad
sage said sail saint salt salty same sand sandy sarge savage saw say scarlet schema scout screen script sea seal
season second secret see self senior serious server seven shade shadow shall shark sharp she shell sheriff shine shiny
ship shoe short should show shy sick side sierra silent silly silver simple since site six sky sleep sleepy slick slim
slow small smart smile smith smoke snake sneaky snow so soft software soldier sole some somebody someone something son
song soon sorry soul sound source south space spam spark sparrow spice spider spirit spooky spring spy sql stack star
stark start static stay steel step stick still stone stop storm story strange stream street string strong struct
stupid such sudo sue sugar summer sun sunday sunny sunshine super supreme sure surf swag swan sweet swift syntax
system tab table take tall tango tank tap tea team tech tell ten terminal terry test text than thank thanks that the
their them then there these they thing things think third this thorn those thou though three through thunder thx tide
tiger time tin tiny tired tmp to toast toby today token tom too took tool tools top tough toxic toy trash travel tree
trip trouble troy true trust truth try tulip turn turtle two type types typescript ubuntu ugly ultra under union unit
unix unknown up update url us use useless user users van var variable vector velvet very vet vibe vibes victor victory
video vim vine viola violent violet viral vision void vscode wade want war ward warm was wash wasted watch water wave
way we web website wednesday week weird well went were west what wheat when where which while white who whole why
wicked wiki wild will willow wind window windows wing winner winning winter wise wish witch with wizard wolf woman
wonder wood word words work world worthy would wren wtf yard yeah year yellow yep yes yet yikes yolo you young your
youtube zero zig zip zone
aber alle als auch auf aus bei bin bis bist da das dem den der des die dies doch du ein eine er es euch frei ganz gar
gut hab haben hallo hat heute hier ich ihr im immer ist ja jetzt kann kein kurz lang lieb los mal man mein mit nach
nein nicht nie noch nur ob oder ohne raus rein rot sag schon sehr sein sich sie sind so stern tag tot und uns viel vom
von vor war warum was weg weil wenn wer wie wieder wir wo wohl wolf zeit zu zum zur
est les des une mais pour pas que qui sur tout bien avec dans elle nous vous sol luz mar rey rio flor una por los las
con del mas muy pero para como hola
"""

ORDINARY: Final = frozenset(_WORDS.split())
"""In lower case. English mostly, with the shortest words of German, French and Spanish."""
