"""Where sentences end, in the scripts of the world's newsrooms, without a model and without a dependency.

A full stop ends a sentence unless it belongs to an abbreviation, an initial, a number or an ordinal, or stands inside a
quotation or parentheses (those are left whole). A line break ends one, unless the next line goes on in lower case.
Thai, Lao, Khmer and Burmese use a space where others use a stop: there, a space ends a sentence once it is long enough.
"""

from __future__ import annotations

from functools import cache

from distributor.text.patterns import lazy

__all__ = ["sentence_ends", "sentences"]

# Never the end of a sentence: a name, a number or a term follows.
_BEFORE_NAMES = {
    "en": "mr mrs ms dr prof rev fr hon gov sen rep reps sens pres gen col maj capt cmdr cpl sgt lt adm supt det insp "
    "st mt ft messrs mx jan feb mar apr jun jul aug sep sept oct nov dec vs v cf eg ie e.g i.e viz approx dept est no "
    "nos vol vols pp fig figs ch sec art ed eds al op ca",
    "fr": "m mm mme mmes mlle mlles dr pr me mgr st ste vs cf p. ex p.ex av bd env fév janv juil sept oct nov déc n no "
    "nº art vol chap éd",
    "de": "hr fr dr prof dipl ing st str bzw ca vgl z.b d.h u.a o.ä i.d.r z.t s.o s.u inkl exkl abb art nr bd kap "
    "jan feb mär apr jun jul aug sep sept okt nov dez mio mrd tel geb gest sog evtl ggf vs max min allg",
    "es": "sr sra sres sras srta d dª dña dr dra prof ing lic gral cnel tte mons st sto sta avda av pág págs núm art "
    "aprox vs p. ej p.ej cf ene feb mar abr jun jul ago sep sept oct nov dic ee uu",
    "it": "sig sigg dott dottssa prof profssa ing avv arch on sen gen col cap mons s art pag pagg n nn vol fig ca cfr "
    "es p.es gen feb mar apr mag giu lug ago set ott nov dic vs",
    "pt": "sr sra srs sras dr dra prof profa eng arq av exmo exma d gen cel cap pág págs art n nº vol vs ex p.ex cf "
    "jan fev mar abr mai jun jul ago set out nov dez",
    "nl": "dhr mw mevr mr dr drs ir ing prof ds st nr blz art bijv bv d.w.z o.a m.b.t i.v.m t.a.v t.o.v ca incl excl "
    "vgl jan feb mrt apr jun jul aug sep sept okt nov dec vs",
    "ru": "г гг ул д им т.е т.к т.д т.п др пр стр рис см проф акад руб коп тыс млн млрд напр",
    "pl": "dr prof mgr inż ul al pl św tj np tzn m.in ok tys mln mld r nr str",
    "sv": "t.ex bl.a d.v.s m.m s.k ca kl nr tel st dr",
    "tr": "dr prof doç sn av cad sok mah no vb vs",
}
# May end a sentence or not: it does when a usual first word of a sentence follows.
_EITHER = (
    "a.m p.m u.s u.k u.n e.u d.c l.a u.s.a inc ltd co corp llc plc bros jr sr ph.d m.d b.a m.a etc usw etc. ecc enz "
    "cia s.a s.p.a s.r.l gmbh ave blvd rd ee.uu"
)
_STARTERS = {
    "en": "the a an he she it they we you i this that these those in on at for but and so if when while after before "
    "as there here his her its their our my what who why how no not one some many most by from however meanwhile",
    "fr": "le la les un une des il elle ils elles on nous vous je ce cette ces cet dans en sur pour mais et si quand "
    "après avant selon avec par son sa ses leur leurs",
    "de": "der die das ein eine er sie es wir ihr ich dies diese dieser dieses in im am auf für aber und wenn nach vor "
    "als da dort mit von zu bei seine ihre so auch doch",
    "es": "el la los las un una unos unas él ella ellos en por para pero y si cuando según con su sus este esta esto",
    "it": "il lo la i gli le un una è in per ma e se quando secondo con suo sua questo questa",
    "pt": "o a os as um uma ele ela eles em no na por para mas e se quando segundo com seu sua este esta isso",
    "nl": "de het een hij zij ze we wij ik in op voor maar en als na met van dit deze dat die er ook",
}
_ORDINALS = frozenset(("de", "da", "no", "nb", "nn", "fi", "cs", "sk", "pl", "hu", "hr", "sl", "et", "lv", "tr", "is"))

# After a day's number with a stop, as German and its neighbours write it, in any text.
_MONTHS = (
    "januar jänner februar märz marts mars april mai maj juni juli august september oktober november dezember "
    "desember december"
)

_CLOSERS = r"""(?:["'”’»›)\]}」』】）》〉〕]|“(?=\s|$))"""  # “ closes what „ opened
_STOP = (
    rf"(?P<wide>[。！？｡…‥]*[。！？｡]+{_CLOSERS}*+)"
    rf"|(?P<stop>(?:[.!?‽؟۔।॥։።፧᙮;\u037e…]|\u2026)++{_CLOSERS}*+)(?=\s|$|[¿¡])"
    r"|(?P<line>\n\s*+)"
    r"|(?P<mark>[។၊။])"
    r"|(?P<space>(?<=[\u0e00-\u0eff\u1780-\u17ff])[ \u200b]+(?=[\u0e00-\u0eff\u1780-\u17ff\d\"“]))"
)
_QUOTED = (
    r"“[^“”\n]{0,600}+”|«[^«»\n]{0,600}+»|„[^„“”\n]{0,600}+[“”]|「[^「」\n]{0,600}+」|『[^『』\n]{0,600}+』"
    r"|(?<![\w\"])\"(?=\S)[^\"\n]{0,600}+(?<=\S)\"(?!\w)|\((?:[^()\n]{0,300}+)\)|（[^（）\n]{0,300}+）"
)
_MIN_SPACED = 60


@cache
def _words(table: str, language: str) -> frozenset[str]:
    source = _BEFORE_NAMES if table == "names" else _STARTERS
    known = source.get(language)
    return frozenset((known if known is not None else " ".join(source.values())).split())


@cache
def _either() -> frozenset[str]:
    return frozenset(_EITHER.split())


def sentence_ends(text: str, language: str = "") -> list[int]:
    """The offsets right after each sentence (its closing quote included), in order. `language`: a BCP 47 tag or ""."""
    language = language.lower().replace("_", "-").split("-")[0]
    quoted = [match.span() for match in lazy(_QUOTED).finditer(text)]
    ends: list[int] = []
    quote = 0
    for match in lazy(_STOP).finditer(text):
        position = match.end() if match.lastgroup in ("wide", "stop", "mark") else match.start()
        while quote < len(quoted) and quoted[quote][1] <= match.start():
            quote += 1
        if quote < len(quoted) and quoted[quote][0] < match.start() and position < quoted[quote][1]:
            continue
        last = ends[-1] if ends else 0
        if position > last and _ends(text, match.lastgroup, match.start(), position, last, language):
            ends.append(position)
    if text[ends[-1] if ends else 0 :].strip():
        ends.append(len(text.rstrip()))
    return ends


def _ends(text: str, kind: str | None, start: int, end: int, last: int, language: str) -> bool:
    if kind == "mark":
        return text[start] != "၊" or start - last >= _MIN_SPACED
    if kind == "space":
        return start - last >= _MIN_SPACED
    following = lazy(r"\s*+([\"'“‘«„(\[¿¡]*+)(\S?)").match(text, end)
    first = following[2]
    if kind == "wide":
        return not (first and text[end - 1] in "」』）" and lazy(r"[とはがもをのに]").match(first))
    if kind == "line":
        return bool(text[last:start].strip()) and not first.islower()
    return _stop_ends(text, start, end, first, language)


def _stop_ends(text: str, start: int, end: int, first: str, language: str) -> bool:
    stop = text[start]
    if stop in ";\u037e" and not (language == "el" or stop == "\u037e"):
        return False
    if not first:
        return True
    if first.islower() or (first in ",;:—–-" and not text.startswith("\n", end)):
        return False
    if stop != "." or text[start:end].startswith(("..", ".)", '."', ".”", ".“", ".»")):
        return True
    return _full_stop_ends(text, start, end, first, language)


def _full_stop_ends(text: str, start: int, end: int, first: str, language: str) -> bool:
    before = text[max(0, start - 24) : start]
    word = lazy(r"[\w.\-ºª’']*$").search(before)[0].lstrip("’'-")
    following = lazy(r"\w+").search(text, end, end + 60)
    starts = bool(following) and following[0].lower() in _words("starters", language) and following[0][0].isupper()
    key = word.lower()
    if key in ("no", "nos", "n", "nr", "art", "p", "pp", "vol", "fig", "ch", "sec", "est"):
        return not (first.isdigit() or (key in ("p", "n") and len(word) == 1 and word.isupper()))
    if key in _either() or (lazy(r"(?:\p{L}\.)+\p{L}").fullmatch(word) and key not in _words("names", language)):
        return starts
    if key in _words("names", language):
        return word.isupper() and len(word) > 2
    if len(word) == 1 and following and len(following[0]) == 1 and text.startswith(".", following.end()):
        return False  # "z. B.", "J. R."
    if len(word) == 1 and word.isupper():  # an initial; "I" and a lone letter after a small word end sentences at times
        return starts and word in ("I", "A", "B", "C")
    if word.isdigit() and len(word) <= 2:
        return starts if language in _ORDINALS else not (following and following[0].lower() in _MONTHS.split())
    return True


def sentences(text: str, language: str = "") -> list[str]:
    """The sentences of plain `text`, in order, each trimmed and on one line; nothing is left out."""
    found, position = [], 0
    for end in sentence_ends(text, language):
        if sentence := " ".join(text[position:end].split()):
            found.append(sentence)
        position = end
    return found
