"""The words by which robots name themselves. A list that grows: what its words are of stands beside them.

What does not begin as browsers do is a program already (robots.py), so here is who calls itself Mozilla, or may. Words
are lower case and are looked for anywhere in a name: none may be in a browser's. The browsers in Viber, Flipboard or
Snapchat name these, their fetchers say more.
"""

from __future__ import annotations

import re

__all__ = ["is_known"]

# What robots have in common: what they are called, and an address to complain to. No browser gives one.
_COMMON = re.compile(
    r"(?<!cu)bots?(?![a-z])|compatible;(?! *(?:msie|konqueror))|https?:|www\.|[a-z0-9]@[a-z0-9-]+\.[a-z]"
    r"|\b(?:scan(?:ner)?|probe|ping|proxy|seo|rss|agent|client|library)\b|\bcheck(?:er|link)|fetch(?:er|bot|ing|/)"
    r"|feed(?:parser|burner|ly|bin|er\b)|yandex(?!search|browser)|\bdaum[ /]|pinterest/0|avast(?!/)|(?<!\.)java/"
)

_KINDS = (
    "crawl", "spider", "scraper", "scraping", "slurp", "archiver", "preview", "prerender", "prefetch",
    "validator", "monitor", "pingdom", "uptime", "imageproxy", "headless", "http-client", "httpclient",
    "link-check", "linkcheck", "indexer", "harvest", "sniffer", "analyzer", "analyser", "inspect", "lighthouse",
    "render/",
)  # fmt: skip

# Search engines, archives, and those who collect for models or because somebody asked a model.
_ENGINES = (
    "googleother", "google-", "-google", "mediapartners", "appengine", "bingpreview", "adidx", "baiduspider",
    "sogou web", "360spider", "yeti/", "naver.me", "qwantify", "ia_archiver", "heritrix", "nutch", "archive-it",
    "wayback", "petalbot", "applebot", "mojeek", "coccocbot", "seznambot", "ask jeeves", "netcraft", "yacy",
    "chatgpt", "oai-search", "openai", "anthropic", "claude-", "claudebot", "perplexity", "cohere-", "ccbot",
    "bytespider", "diffbot", "omgili", "mistralai", "meta-external", "google-extended", "gemini-", "deepseek",
    "ai2bot", "timpi", "duckassist", "friendlycrawler", "img2dataset", "firecrawl", "jinaai", "tavily",
)  # fmt: skip

# Who fetches a link to show what is behind it.
_PREVIEWS = (
    "facebookexternal", "facebookcatalog", "facebookplatform", "facebot", "twitterbot", "linkedinbot",
    "telegrambot", "whatsapp/", "slackbot", "slack-imgproxy", "discordbot", "skypeuri", "redditbot", "vkshare",
    "odklbot", "tumblr/", "flipboardproxy", "flipboardrss", "bluesky", "cardyb", "mastodon/", "pleroma",
    "akkoma", "misskey", "friendica", "lemmy/", "peertube", "pixelfed", "gotosocial", "iceshrimp", "hubzilla",
    "snap url", "embedly", "iframely", "opengraph", "metascraper", "microlink", "outbrain", "taboola",
    "pocketparser", "pocketimport", "instapaper", "synapse (", "rocket.chat", "zulip", "mattermost",
    "webexteams", "microsoftpreview", "skype for business", "line-poker", "kakaotalk-scrap", "bitlybot",
    "hootsuite", "hatena", "trendiction", "inoreader", "newsblur", "netvibes", "miniflux", "freshrss",
    "tiny tiny", "theoldreader", "bazqux", "wordpress/", "drupal", "nextcloud", "typo3", "cfnetwork", "dalvik/",
)  # fmt: skip

# What looks through mails, and follows their links before their readers or instead of them; who looks for holes.
_SCANNERS = (
    "barracuda", "proofpoint", "mimecast", "ironport", "messagelabs", "symantec", "fireeye", "trellix",
    "trendmicro", "trend micro", "trendsmta", "bitdefender", "sophos", "forcepoint", "websense", "zscaler",
    "fortiguard", "kaspersky", "mcafee", "drweb", "cyren", "vadesecure", "hornetsecurity", "spamassassin",
    "mailscanner", "rspamd", "mailgun", "sendgrid", "safelinks", "safe browsing", "urldefense", "urlscan",
    "virustotal", "phishtank", "cloudmark", "abusix", "spamhaus", "ggpht", "yahoomailproxy", "ms-office",
    "microsoft office", "microsoft outlook", "msoffice", "existence discovery", "thunderbird", "paloalto",
    "expanse", "censys", "shodan", "zgrab", "masscan", "nmap", "nikto", "sqlmap", "nuclei", "nessus", "qualys",
    "acunetix", "detectify", "wpscan", "dirbuster", "burpsuite", "zaproxy", "internet-measurement",
)  # fmt: skip

# Whether a site is up, how fast it is, how it stands with search engines, and what advertisements fit.
_WATCHERS = (
    "statuscake", "site24x7", "newrelic", "datadog", "dynatrace", "catchpoint", "checkly", "hetrix",
    "updown.io", "freshping", "nagios", "check_http", "zabbix", "icinga", "prometheus", "blackbox", "grafana",
    "gtmetrix", "webpagetest", "ptst", "pagespeed", "speedcurve", "sitespeed", "cloudflare-",
    "amazon cloudfront", "akamai", "elb-health", "googlehc", "kube-probe", "ahrefs", "semrush", "mj12",
    "rogerbot", "screaming frog", "sistrix", "serpstat", "dataforseo", "seokicks", "barkrowler", "blexbot",
    "xenu", "siteimprove", "deepcrawl", "oncrawl", "botify", "brandwatch", "meltwater", "talkwalker",
    "buzzsumo", "similarweb", "comscore", "adbeat", "admantx", "grapeshot", "proximic", "integralads",
    "doubleverify", "peer39", "criteo", "turnitin",
)  # fmt: skip

# Programs that drive a browser, or borrow the name of one.
_PROGRAMS = (
    "curl", "wget", "libwww", "python", "aiohttp", "okhttp", "node-fetch", "axios", "undici", "guzzle",
    "postman", "winhttp", "powershell", "phantomjs", "slimerjs", "casperjs", "puppeteer", "playwright",
    "selenium", "webdriver", "cypress", "htmlunit", "jsdom", "nightmare", "rendertron", "wkhtml", "weasyprint",
    "browserless", "httrack", "teleport", "webcopier", "offline explorer", "webzip", "sitesucker",
)  # fmt: skip

_WORDS = (*_KINDS, *_ENGINES, *_PREVIEWS, *_SCANNERS, *_WATCHERS, *_PROGRAMS)


def is_known(name: str) -> bool:
    """Whether a User-Agent, in lower case, is a robot's by its own words."""
    return any(word in name for word in _WORDS) or _COMMON.search(name) is not None
