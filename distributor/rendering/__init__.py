"""Article + limits -> Message, edition -> mail, by sandboxed Jinja2 templates.

Renderer.post -> content.facts      the article as plain words, lists and dicts
              -> cutting.shortened  what gives way where it is too long
                   -> Sandbox.render    the operator's template or ours, on a budget
Renderer.digest -> papers, trimming, inlining: see digests.py
Renderer.words  -> catalogue.Words    what is said around the news, in a reader's language
check         -> why a network would refuse the message
"""

from distributor.rendering.catalogue import Catalogue, Words
from distributor.rendering.inlining import style_hashes
from distributor.rendering.papers import Links, Paper
from distributor.rendering.posts import PostSettings, Renderer, SiteFacts, check, fingerprint

__all__ = [
    "Catalogue",
    "Links",
    "Paper",
    "PostSettings",
    "Renderer",
    "SiteFacts",
    "Words",
    "check",
    "fingerprint",
    "style_hashes",
]
