"""The one guarded HTTP client for addresses that others chose: feeds, pages, images.

    get, get_many (client)          any thread; caps on time, size and concurrency
      -> parse (targets)            what a URL's text may be; user names and passwords leave it here
      -> step (redirects)           at most 5, each a new target, credentials stay on their site
      -> exchange (exchange)        one request and its answer; foreign errors stop here
      -> open_sessions (sessions)   resolve, judge ALL answers, judge what is dialled, judge the peer
           -> classify (guard)      may this address be reached?
      -> Unpacker (unpack)          gzip and deflate, streamed, against bombs
    portal (portal)                 the event loop's thread, one a process, shared with other async clients

Nothing heavy is imported, and no thread started, before the first request.
"""

from distributor.fetching.client import Fetched, Fetcher, Request
from distributor.fetching.guard import classify, is_public
from distributor.fetching.limits import FetchLimits
from distributor.fetching.portal import Portal, portal
from distributor.fetching.targets import shown

__all__ = ["FetchLimits", "Fetched", "Fetcher", "Portal", "Request", "classify", "is_public", "portal", "shown"]
