"""A newsroom's words for its sections, in a few languages, beside the publisher's categories. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

__all__ = ["match"]

_WORDS = {
    "World News": "world, international, global, foreign, news, politics, us, usa, uk, europe, asia, africa, americas, "
    "middle east, national, nation, monde, politique, france, actualite, actualites, welt, politik, "
    "ausland, inland, nachrichten, mundo, politica, internacional, actualidad, noticias, mondo, esteri, "
    "notizie, buitenland",
    "News Analysis": "analysis, analyses, explainer, explainers, explained, in depth, background, long read, features, "
    "investigations, analyse, decryptage, enquete, hintergrund, analyse und hintergrund, analisis, "
    "analisi, analise",
    "Opinion": "opinions, comment, commentary, editorial, editorials, columns, columnists, op ed, letters, voices, "
    "tribune, debats, idees, meinung, kommentar, kommentare, opinion y analisis, opiniones, opinioni, "
    "opiniao",
    "Business": "economy, economics, finance, markets, money, companies, personal finance, economie, entreprises, "
    "bourse, argent, wirtschaft, finanzen, boerse, economia, empresas, negocios, finanza, affari, dinero, "
    "beurs",
    "Technology": "tech, digital, internet, gadgets, computing, software, ai, artificial intelligence, cybersecurity, "
    "innovation, technologie, technologies, numerique, high tech, technik, digitales, netzwelt, "
    "tecnologia, tecnologias",
    "Science": "sci, sciences, space, physics, biology, astronomy, research, espace, wissenschaft, wissen, "
    "forschung, ciencia, ciencias, scienza, scienze, wetenschap",
    "Health": "medicine, medical, wellness, wellbeing, covid, coronavirus, mental health, sante, bien etre, "
    "gesundheit, medizin, salud, bienestar, salute, saude, gezondheid",
    "Environment": "climate, climate change, nature, energy, weather, wildlife, green, sustainability, environnement, "
    "planete, climat, meteo, umwelt, klima, wetter, energie, medio ambiente, clima, ambiente, meio "
    "ambiente, milieu",
    "Lifestyle": "life, style, life and style, food, travel, fashion, home, family, living, recipes, relationships, "
    "vie, mode, voyage, voyages, cuisine, maison, leben, reise, reisen, essen, stil, gesellschaft, "
    "familie, vida, estilo, viajes, moda, gente, cucina, viaggi",
    "Entertainment": "culture, arts, art, music, film, films, movies, tv, television, books, theatre, theater, "
    "celebrity, celebrities, games, gaming, stage, showbiz, arts and culture, cinema, musique, livres, spectacles, "
    "medias, kultur, musik, kino, buecher, feuilleton, unterhaltung, cultura, cine, libros, espectaculos, "
    "spettacoli, cultuur",
    "Sports": "sport, football, soccer, cricket, rugby, tennis, olympics, basketball, baseball, golf, cycling, nba, "
    "nfl, formula 1, f1, motorsport, foot, cyclisme, fussball, deportes, deporte, futbol, calcio, "
    "esportes, desporto, sporten",
    "Blog": "blogs, weblog, diary, notes, updates, uncategorized, uncategorised, non classe, allgemein, general, "
    "sin categoria, senza categoria",
}


def match(words: Iterable[str], categories: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """(word -> category, the words that match none), each in the order given; a category is matched by its own name,
    by its synonyms when it is one of the usual twelve, and a phrase by its words when they all point to one."""
    known = {_plain(name): name for name in categories}
    for name, synonyms in _WORDS.items():
        if name in categories:
            for synonym in synonyms.split(","):
                known.setdefault(_plain(synonym), name)
    mapped: dict[str, str] = {}
    unmatched: list[str] = []
    for word in dict.fromkeys(words):
        category = _category(_plain(word), known)
        if category:
            mapped[word] = category
        else:
            unmatched.append(word)
    return mapped, unmatched


def _category(phrase: str, known: dict[str, str]) -> str:
    if phrase in known:
        return known[phrase]
    found = {known[part] for part in phrase.split() if part in known}
    return found.pop() if len(found) == 1 else ""


def _plain(word: str) -> str:
    """Without case, accents and punctuation: "Sci-Tech & Bücher" is "sci tech bucher"; an umlaut's `ue` is `u` too."""
    spelt = word.casefold().replace("ae", "a").replace("oe", "o").replace("ue", "u")
    plain = unicodedata.normalize("NFKD", spelt)
    letters = "".join(char for char in plain if not unicodedata.combining(char))
    return " ".join(re.findall(r"\w+", letters))
