"""One address for one article: what does not change the page is taken off."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote_to_bytes, urlsplit, urlunsplit

__all__ = ["canonical", "same_site"]

# Parameters that say where a reader came from, never what the page shows.
_TRACKING = frozenset(
    """
    fbclid gclid gclsrc dclid gbraid wbraid msclkid yclid ymclid twclid ttclid li_fat_id epik irclickid igshid
    igsh ig_rid mibextid mc_cid mc_eid mkt_tok _hsenc _hsmi __hssc __hstc __hsfp hsctatracking vero_id vero_conv
    oly_anon_id oly_enc_id wickedid _openstat ns_mchannel ns_source ns_campaign ns_linkname ns_fee at_medium
    at_campaign at_custom1 at_custom2 at_custom3 at_custom4 at_bbc_team at_link_id at_link_origin at_link_type
    at_format at_ptr_name cmpid cmp ito ftag ncid sr_share s_cid smid smtyp xtor xtref piwik_campaign piwik_kwd
    piwik_keyword pk_campaign pk_kwd pk_keyword pk_source pk_medium pk_content pk_cid mtm_campaign mtm_keyword
    mtm_source mtm_medium mtm_content mtm_cid mtm_group mtm_placement matomo_campaign matomo_keyword
    hmb_campaign hmb_medium hmb_source _ga _gl _ke rb_clickid trk_contact trk_msg trk_module trk_sid sc_campaign
    sc_channel sc_content sc_country sc_geo sc_medium sc_outcome spm scm guccounter guce_referrer
    guce_referrer_sig __twitter_impression amp_gsa amp_js_v usqp feature_share share_id fb_action_ids
    fb_action_types fb_ref fb_source action_object_map action_type_map ref_src ref_url referrer_access_token
    sms_ss awesm xtcr wt_mc wt_zmc wt.mc_id __s dm_i ml_subscriber ml_subscriber_hash srsltid cvid ocid taid
    tblci
    """.split()  # noqa: SIM905 (a list of words is read as words)
)
_TRACKING_PREFIXES = ("utm_", "utm-", "hsa_", "pk_", "mtm_", "stm_", "ga_", "itm_", "oly_", "vero_", "bsft_")
# Short names that other sites use for real things are taken off only with values that betray a campaign.
_REFERRAL = frozenset({"ref", "source", "via", "from", "feature", "cid", "partner"})
_REFERRAL_VALUES = re.compile(
    r"(?:rss|atom|feed|feedburner|twitter|tw|x|fb|facebook|linkedin|telegram|tg|mastodon|bluesky|newsletter|email|mail|share|social|"
    r"homepage|hp|push|whatsapp|reddit|flipboard|applenews|google|googlenews|smartnews|pocket)(?:[-_.].*)?",
    re.I,
)
_PORTS = {"http": 80, "https": 443}
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")


def canonical(url: str) -> str:
    """The canonical form of an http(s) address; anything else comes back as it is, stripped.

    Off: the fragment (unless it is a route, `#!...`), tracking parameters, default ports, userinfo, dot segments.
    Scheme and host in lower case, the host in ASCII (IDNA); percent escapes in upper case, and only
    where RFC 3986 needs them.
    Kept: `www.`, the order of the other parameters, and the trailing slash, except that an empty path is "/":
    servers may give different pages with and without, and those that do not say so by redirect or rel=canonical.
    Idempotent.
    """
    url = url.strip()
    try:
        parts = urlsplit(url)
        scheme = parts.scheme.lower()
        if scheme not in _PORTS or not parts.hostname:
            return url
        netloc = _netloc(parts.hostname, parts.port, scheme)
    except ValueError:
        return url
    path = _without_dots(_normal(parts.path, "/:@!$&'()*+,;=")) or "/"
    query = "&".join(p for p in _normal(parts.query, "/:@!$&'()*+,;=?").split("&") if p and not _tracks(p))
    fragment = _normal(parts.fragment, "/:@!$&'()*+,;=?") if parts.fragment.startswith("!") else ""
    return urlunsplit((scheme, netloc, path, query, fragment))


def same_site(one: str, other: str) -> bool:
    """Whether two addresses belong to one site: the same host, or one below the other, `www.` aside."""
    hosts = [_host(url) for url in (one, other)]
    if not all(hosts):
        return False
    longer, shorter = sorted(hosts, key=len, reverse=True)
    return longer == shorter or (longer.endswith(f".{shorter}") and "." in shorter)


def _host(url: str) -> str:
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""
    return _ascii(host.lower()).removeprefix("www.")


def _netloc(host: str, port: int | None, scheme: str) -> str:
    host = _ascii(host.lower().rstrip(".") or host)
    host = f"[{host}]" if ":" in host else host
    return host if port in (None, _PORTS[scheme]) else f"{host}:{port}"


def _ascii(host: str) -> str:
    if host.isascii():
        return host
    try:
        import idna

        return idna.encode(host, uts46=True).decode()
    except UnicodeError:  # idna.IDNAError is one
        return quote(host, safe="").lower()


def _normal(text: str, safe: str) -> str:
    """Needless escapes are decoded, the others in upper case; everything else that needs an escape gets one."""

    def escape(found: re.Match[str]) -> str:
        byte = unquote_to_bytes(found[0])[0]
        return chr(byte) if byte in _UNRESERVED else found[0].upper()

    return _ESCAPE.sub(escape, quote(text, safe=safe + "%~", errors="replace"))


def _without_dots(path: str) -> str:
    """RFC 3986 section 5.2.4, for absolute paths."""
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            kept = kept[:-1]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept)


def _tracks(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    name = name.lower().removeprefix("amp;")
    if name in _TRACKING or name.startswith(_TRACKING_PREFIXES):
        return True
    return name in _REFERRAL and bool(_REFERRAL_VALUES.fullmatch(value))
