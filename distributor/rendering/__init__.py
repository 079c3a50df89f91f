"""Article + limits -> Message, by sandboxed Jinja2 templates.

Renderer.post -> content.facts      the article as plain words, lists and dicts
              -> cutting.shortened  what gives way where it is too long
                   -> Sandbox.render    the operator's template or ours, on a budget
check         -> why a network would refuse the message
"""

from distributor.rendering.posts import PostSettings, Renderer, SiteFacts, check, fingerprint

__all__ = ["PostSettings", "Renderer", "SiteFacts", "check", "fingerprint"]
