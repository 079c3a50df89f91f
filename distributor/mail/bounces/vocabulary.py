"""The words of mail systems, as data. All in lower case; "…" stands for a short stretch of anything.

`REASONS` is ordered: the first line whose words occur decides, so what is specific stands before what is general
("user unknown" is said by some of a full mailbox, "rejected" by all of everything). In every text that is compared,
addresses stand as "@", links and repeated reply codes are left out, and white space is one blank.

Sources of the words: RFC 3463 and its successors in the IANA registry of enhanced status codes, the public error
lists of the large receivers (Gmail, Outlook, Yahoo, Apple, La Poste, Orange, NTT, KDDI, Tencent, GoDaddy), the
sources of sendmail, Postfix, Exim, qmail, Courier and OpenSMTPD, and reports themselves.
"""

from __future__ import annotations

__all__ = ["FAILURE_WORDS", "FILTER_WORDS", "HEARSAY", "OUTWEIGHING", "ORIGINAL_BEGINS", "ORIGINAL_RULES", "REASONS", "RECIPIENT_WORDS", "SENDER_WORDS", "STATUS_REASONS", "WEAK_REASONS"]

Table = tuple[tuple[str, tuple[str, ...]], ...]

REASONS: Table = (
    (
        "hostunknown",
        (
            "account or domain may not exist", "dns lookup failure: host", "point to non-existent hosts", "remote domain doesnt exist",
            "nonexistentdomain", "invaliddomain", "domain does not exist(nonexistentdomain", "bad destination system address",
        ),
    ),
    (
        "userunknown",
        (
            "bad destination mailbox address", "destination mailbox address ambiguous", "destination mailbox address valid", "recipnotfound",
            "recipientnotfound", "resolver.adr", "invalid final delivery userid", "domino directory", "name & address book", "annuaire domino",
            "directorio domino", "domino ディレクトリ", "ディレクトリのリスト",
        ),
    ),
    ("hasmoved", ("destination mailbox has moved", "mailbox has moved")),
    ("networkerror", ("lost connection with", "too many hops", "hop count exceeded", "loops back to", "routing loop", "no answer from host", "unable to route")),
    ("contenterror", ("duplicate header", "improper use of 8-bit", "conversion required", "conversion with loss", "media not supported")),
    ("notcompliantrfc", ("rfc 5322 compliant", "rfc5322", "not rfc", "rfc 2822", "addresses in from: header", "multiple subject", "rfc compliant")),
    ("toomanyconn", ("connection rate limit", "connection frequency limited", "too many recipients", "too many connections", "mail system congestion")),
    ("exceedlimit", ("message length exceeds", "message size exceeds")),
    ("badreputation", ("reputation", "senderscore", "talosintelligence")),
    ("systemerror", ("ldap", "could not load", "directory server failure", "several matches found", "incorrectly configured", "host lookup did not complete")),
    ("securityerror", ("turn on smtp authentication", "cryptographic failure", "cryptographic algorithm", "message integrity failure")),
    ("filtered", ("cannot route mail to user",)),
    ("mailererror", ("procmail:", "command died", "mailer error", "unknown mailer error", "command output: procmail", "pipe to |")),
    ("notaccept", ("indicated no smtp service", "destination seem to reject all mails", "malformed or unexpected name server reply", "system not accepting network messages", "not accepting network messages")),
    (
        "suspend",
        (
            "account…is disabled", "account…has been disabled", "account…suspended", "account…deactivated",
            "account…is inactive", "account…is locked", "account is locked", "mailbox…disabled", "mailbox…suspended",
            "mailbox is inactive", "mailbox…currently inactive", "mailbox…frozen", "mailbox is locked",
            "user…is disabled", "user…suspended", "user…deactivated", "user is inactive", "user is locked",
            "recipient…is disabled", "recipient…suspended", "recipient…inactive", "temporarily inactive",
            "recipient account is blocked", "recipient's account is disabled", "account is blocked",
            "domain…is suspended", "domain…has been suspended", "recipient archived", "archived recipient", "disableduser",
            "inactiveuser", "boite du destinataire archivee", "compte du destinataire est bloque",
            "compte du destinataire est suspendu", "account…expired", "account…on hold", "account has been temporarily",
            "address…is administratively disabled", "mailbox not accepting messages", "not accepting mail at this time",
            "this address no longer active", "konto…gesperrt", "cuenta…suspendida",
        ),
    ),
    (
        "mailboxfull",
        (
            "mailbox full", "mailbox is full", "mailbox…is full", "mailbox…full", "mail box full", "inbox is full",
            "inbox…is full", "folder is full", "over quota", "overquota", "over its quota", "over the quota", "over his quota",
            "over their quota", "quota exceed", "quota exceeded", "exceeded…quota", "exceeds…quota", "exceed…quota",
            "quota is full", "quota full", "out of quota", "disk quota", "quota violation", "quota limit", "quotaexceeded",
            "overquotaperm", "overquotatemp", "storage quota", "out of storage", "storage space", "mailbox size limit",
            "mailbox…size limit", "exceeded storage", "exceeds storage", "storage allocation", "storage limit",
            "not enough space", "not enough storage", "no space left", "insufficient space", "insufficient storage",
            "disk space", "insufficient quota", "account is full", "account…is full", "user is over",
            "is over the maximum", "exceeded…space", "exceeded its…limit", "mailfolder is full", "maildir over",
            "mailbox exceeds", "mailbox exceeded", "mailbox has exceeded", "boite du destinataire pleine", "boite pleine",
            "boîte…pleine", "casilla llena", "buzon…lleno", "buzón…lleno", "mailbox voll", "postfach…voll", "speicherplatz",
            "casella piena", "caixa postal cheia", "переполнен", "メールボックスが一杯", "容量", "邮箱已满",
            "is receiving mail too quickly to accept", "the recipient is over", "has run out of", "sizelimit exceeded",
            "local limit", "message would exceed", "would exceed…mailbox", "would be over quota", "mbx size",
        ),
    ),
    (
        "mesgtoobig",
        (
            "message too big", "message too large", "message is too big", "message is too large", "message size exceed",
            "message exceed", "message file too big", "message file too large", "size limit", "size exceeds", "maximum message size",
            "max message size", "message length exceeds", "exceeds…maximum size", "mail size limit", "too large a message",
            "message header size", "line too long", "too many header", "exceeded the maximum size", "sizelimit", "mail is too large",
            "attachment…too large", "larger than", "message size…limit",
        ),
    ),
    (
        "norelaying",
        (
            "relay access denied", "relaying denied", "relay denied", "relay not permitted", "relaying not permitted",
            "not permitted to relay", "no relaying", "not an open relay", "cannot relay", "can't relay", "unable to relay",
            "relaying prohibited", "not relaying", "relay operation", "relaying is prohibited", "we do not relay", "don't relay",
            "relaying to…prohibited", "relay not allowed", "relaying not allowed", "insecure mail relay", "relay is not",
            "rcpthosts", "that domain isn't in my list", "mail server requires authentication when attempting to send",
            "not a gateway", "relaying blocked", "relay prohibited", "relaying via this", "not local host",
        ),
    ),
    (
        "requireptr",
        (
            "ptr record", "reverse dns", "rdns", "reverse lookup", "reverse mapping", "reverse name", "reverse address",
            "cannot find your hostname", "can't find your hostname", "cannot resolve your address", "no ptr", "missing ptr",
            "without ptr", "unable to resolve your ip", "unresolvable ip", "unverifyable sending ip",
            "fix reverse", "dns ptr", "cannot find your reverse", "no reverse", "forward-confirmed", "fcrdns", "hostname has no",
            "client host rejected: cannot find", "does not have a valid ptr", "no matches to nameserver query",
        ),
    ),
    (
        "authfailure",
        (
            "dmarc", "spf check", "spf record", "spf fail", "spf authentication", "spf validation", "sender policy framework",
            "fails spf", "failed spf", "not pass spf", "spf:", "spf =", "dkim", "unauthenticated email", "unauthenticated sender",
            "sender is unauthenticated", "is not allowed to send mail", "not authorized to send mail for", "not designated by",
            "sender id", "authentication checks", "does not designate", "not permitted by its spf", "domain…not authorized",
            "require all senders to authenticate", "requires all senders to authenticate",
        ),
    ),
    (
        "virusdetected",
        (
            "virus detected", "virus found", "contains a virus", "contained a virus", "infected", "a virus", "malware", "viruses",
            "virus infected", "trojan", "phishing", "this message was classified as malicious", "unsafe content",
        ),
    ),
    (
        "speeding",
        (
            "rate limit", "ratelimit", "too many recipients this hour", "too many messages", "too much mail", "too many mails",
            "sending too", "too quickly", "exceeded the…rate", "receiving mail at a rate", "rate that prevents",
            "please try again slower", "slow down", "please slow", "throttl", "rate-limit", "unusual rate", "too fast",
            "message rate", "sending limit", "exceeded…message limit", "daily…quota", "daily limit", "hourly limit",
            "connection frequency limited", "frequency limited", "send frequency", "has sent to too many",
        ),
    ),
    (
        "toomanyconn",
        (
            "too many connections", "too many concurrent", "too many simultaneous", "too many sessions", "all available ips",
            "concurrent connection", "connection rate", "connection limit", "too many smtp sessions", "maximum…connections",
            "connections from your host", "exceeded…connection", "connections rate",
        ),
    ),
    (
        "greylisted",
        ("greylist", "graylist", "grey-list", "gray-list", "greylisting", "try again in a few minutes", "temporarily deferred as"),
    ),
    (
        "rejected",
        (
            "sender address rejected", "sender rejected", "sender denied", "sender verify", "verify sender", "sender verification",
            "domain of sender address", "sender address does not", "sender domain", "unknown sender", "invalid sender", "bad sender",
            "sender not", "sender's address", "sender is not", "sender unknown", "sender address is", "address of sender",
            "your sender", "the sender's", "from address", "from: domain", "domain is invalid", "return path", "return-path",
            "envelope sender", "mail from address", "mailfrom", "verification failed for", "callout", "<> invalid sender",
            "null sender", "unroutable sender", "cannot resolve…sender", "administrative prohibition", "sending address",
            "does not exist or is not allowed to send", "you do not have permission to post", "not have permission to post",
            "you are not allowed to post", "may not have permission", "not a member", "only members", "member of the list",
            "sending to/from an address that has been blacklisted", "all recipient addresses rejected", "sender was rejected",
            "user complaints", "you are not authorized", "not authorised to send", "sender's domain", "domain used by the sender",
            "mail not accepted from", "message rejected from", "rejecting mail from", "doesn't accept mail from", "not accept mail from",
            "refused mail from", "no mail from", "blacklisted sender", "sender blacklisted", "sender blocked", "blocked sender",
            "you have been blocked", "blocked by the recipient", "posting to this group", "groups.google.com",
            "client does not have permissions", "permission to send", "submission denied",
        ),
    ),
    (
        "filtered",
        (
            "refused due to recipient preferences", "recipient preferences", "due to user preferences", "user filter",
            "email preferences of the person", "rejected by the recipient", "refused by the recipient", "recipient has refused",
            "because the recipient is not accepting", "not accept messages from", "not accepting messages from", "recipient rejected your",
            "has blocked you", "user reject", "refuses to accept", "user has rejected", "only accepts mail from",
            "recipient…only accept", "recipient has chosen", "recipient's policy", "turned off email", "user refuses",
        ),
    ),
    (
        "badreputation",
        (
            "sender score",
            "suspicious due to", "senderbase",
        ),
    ),
    (
        "blocked",
        (
            "dnsbl", "rbl", "blacklist", "black list", "blocklist", "block list", "block-list", "blackhole", "spamhaus",
            "spamcop", "sorbs", "barracudacentral", "is listed", "are listed", "ip listed", "was listed", "banned sending ip",
            "banned", "your ip", "client host", "ip address…blocked", "ip…blocked", "blocked ip", "blocked using",
            "server…blocked", "host…blocked", "connection blocked", "blocked by", "open relay", "open proxy", "dynamic ip", "dynamic address",
            "dialup", "dial-up", "residential", "your network", "part of their network", "from your mail server",
            "access from ip", "access from your", "connection refused by", "connections from", "not accepting connections from",
            "service refuse", "connection rejected", "connection denied", "connection dropped", "use the smtp server of your", "use your isp", "helo",
            "ehlo", "hostname rejected", "host rejected", "no access from mail server", "your mail server", "sending server",
            "sender ip", "ips…blocked", "from your ip", "ip not allowed", "we do not accept mail from", "client ip",
            "rejected…ip address", "bad sender ip", "dsbl", "access denied…ip", "refused to talk to me",
            "blocked -", "your server", "your host", "host is blocked", "server is listed", "this ip", "unsolicited mail originating from your",
        ),
    ),
    (
        "spamdetected",
        (
            "spam", "unsolicited", "junk mail", "bulk mail", "bulk email", "ube,", "ube ", "uce", "message content rejected",
            "content rejected", "spamassassin", "detected as", "looks like", "classified as bulk", "considered unsolicited",
            "high probability of", "identified as", "blocked for abuse", "message filtered", "mail filtered", 
        ),
    ),
    (
        "policyviolation",
        (
            "denied by policy", "policy reasons", "policy violation", "violates", "violation", "local policy", "due to policy", "by policy",
            "security policy", "policy restriction", "policy reject", "against our policy", "policy rejection", "content presents a potential",
            "header error", "prohibited by", "administrator policy", "site policy", "message policy", "our policy", "policy prohibits",
            "rejected by policy", "organization policy", "acceptable use", "you have exceeded", "prohibited attachment", "disallowed",
            "file type", "attachment", "blocked attachment",
        ),
    ),
    (
        "contenterror",
        (
            "duplicate header", "improper use of 8-bit", "8-bit", "8bit", "rfc 5322 compliant", "not rfc", "rfc 2822", "rfc5322", "rfc compliant",
            "bare lf", "bare cr", "malformed", "missing header", "invalid header", "bad header", "message header", "message format", "mime error",
            "mime structure", "bad mime", "invalid format", "multiple subject", "multiple from", "from header", "header field", "headers",
            "content error", "message content",
        ),
    ),
    (
        "notaccept",
        (
            "null mx", "nullmx", "no mx found", "no mx record", "no mx for", "does not accept mail", "does not accept email",
            "doesn't receive email", "does not receive mail", "doesn't accept mail", "does not accept any mail", "no mail accepted",
            "not accepting any mail", "mail receiving disabled", "smtp service not available here", "no smtp service here",
            "domain does not accept", "server does not accept", "host does not accept", "mx points to", "we do not accept any",
            "no mail server", "no longer accepts mail", "no longer accepting mail for",
        ),
    ),
    (
        "networkerror",
        (
            "try again, host", "host not found, try again", "network error on destination", "all routes to destination blocked", "no valid route to", "dns query failed", "dns error", "host name lookup failure", "host name lookup failed",
            "nxdomain", "dns server", "could not be found, try again", "temporary failure in name", "temporary lookup failure",
            "no route to host", "network is unreachable", "network unreachable", "host unreachable",
            "mail loop", "mail forwarding loop", "loops back to", "loop detected", "looping",
            "too many hops", "hop count", "maximum hop", "too many received", "routing loop", "mail for…loops", "lost connection",
            "connection reset", "connection was dropped", "connection lost", "connection closed", "socket closed", "unable to connect",
            "can't connect", "could not connect", "establish an smtp connection", "host is unreachable", "could not contact dns",
            "address family mismatch", "couldn't find any host by that name", "interrupted connection", "loopback",
        ),
    ),
    (
        "hasmoved",
        (
            "has moved", "have moved", "moved permanently", "recipient no longer on server", "no longer on server", "not our user", "user has left",
            "address has changed", "address changed", "new address is", "has been replaced by", "user not local", "no longer employed",
            "no longer with", "no longer works", "left the company", "no forwarding address", "moved to a new address", "moved, no forward",
            "please use the new address", "changed his address", "hat…verlassen",
        ),
    ),
    (
        "hostunknown",
        (
            "host unknown", "unknown host", "host not found", "host or domain name not found", "host…not found", "domain does not exist",
            "domain doesn't exist", "domain…does not exist", "domain not found", "domain name not found", "domain…could not be found",
            "no such domain", "no such host", "unknown domain", "domain unknown", "domain is not reachable", "couldn't find any host named",
            "name or service not known", "unrouteable", "unroutable", "invalid domain", "bad destination host", "bad destination system",
            "illegal host", "nonexistent domain", "non-existent domain", "domain…not exist", "invalid host", "destination host", "no route for domain", "domain must exist", "not a valid domain",
            "hostname…unknown", "domain is not configured", "unable to find mx", "unable to resolve", "cannot be resolved",
            "routing failure", "no relevant answers", "domain name…not found", "domaine inconnu", "dominio desconocido", "dominio no existe",
            "domain unbekannt", "unknown mail domain", "not a local domain", "domain isn't", "lookup failed", "unresolvable", "bad domain",
            "mail domain…not", "no dns",
        ),
    ),
    (
        "userunknown",
        (
            "user unknown", "unknown user", "unknown recipient", "recipient unknown", "unknown address", "address unknown", "unknown mailbox",
            "unknown account", "account unknown", "unknown local", "unknown virtual", "unknown or illegal", "unknown or invalid",
            "user is unknown", "user…is unknown", "recipient is unknown", "unknown destination", "unknown e-mail", "unknown email", "unknown customer",
            "addressee unknown", "addressee…unknown", "mailbox unknown",
            "no such user", "no such mailbox", "no such address", "no such person", "no such recipient", "no such account", "no such email",
            "no such local", "no such customer", "no such name", "no such e-mail", "no such id", "no such member", "no such alias", "no such group",
            "no user", "no mailbox", "no account", "no local mailbox", "no valid recipient", "no known recipient", "no recipient",
            "nosuchuser", "not found in directory", "no one by that name", "no one here", "nobody by that name",
            "invalid recipient", "invalid mailbox", "invalid user", "invalid address", "invalid account", "invalid local", "invalid destination",
            "invalid or unknown", "invalid email", "invalid e-mail", "invalid rcpt", "invalid username", "illegal user", "illegal alias",
            "illegal recipient", "bad recipient", "bad address", "bad mailbox", "bad destination mailbox", "bad destination address",
            "wrong recipient", "incorrect recipient", "address is invalid", "recipient is invalid", "is invalid", "is not valid",
            "mailbox not found", "recipient not found", "recipnotfound", "user not found", "address not found", "account not found",
            "address couldn't be found", "address wasn't found", "email address…found", "wasn't found", "could not find…user", "user…not found",
            "recipient…not found", "mailbox…not found", "account…not found", "unable to find", "cannot find", "can't find", "can not find",
            "mailbox unavailable", "mailbox not available", "mailbox is unavailable", "mailbox is not available", "mailbox currently unavailable",
            "does not exist", "doesn't exist", "do not exist", "not exist", "doesnt exist", "dosn't exist", "no longer exist",
            "non-existent", "nonexistent", "non existent", "not existing", "existiert nicht", "n'existe pas", "no existe", "non esiste",
            "nao existe", "não existe", "not listed", "not a valid", "not a known", "not known", "not recognized", "not recognised",
            "isn't recognized", "unrecognized recipient", "unrecognized user", "name is not recognized", "not our customer", "not a user",
            "isn't a", "is not a user", "not have an account", "have an account", "have a…account", "no longer valid", "no longer available", "no longer in use",
            "no longer active", "no longer has", "has been deleted", "was deleted", "been removed", "been closed", "account closed", "account is closed",
            "been cancelled", "been terminated", "been discontinued", "discontinued", "is not here", "not here", "unknown to", "not local",
            "could not be verified", "address verification", "recipient verify failed", "undeliverable address", "undeliverable:",
            "recipient rejected", "user rejected", "rcpt rejected", "utilisateur inconnu", "destinataire inconnu", "destinataire invalide",
            "adresse…invalide", "inconnu", "desconocid", "sconosciut", "unbekannt", "empfänger nicht", "desconhecid", "onbekend", "ukjent",
            "okänd", "neznam", "nieznany", "nie istnieje", "неизвестн", "не существует", "нет такого", "не найден", "存在しません",
            "宛先不明", "不明", "不存在", "找不到", "account that you tried to reach does not exist", "ambiguous", "5.1.1 failed",
            "mailbox closed", "this user doesn't", "that user", "this recipient", "users' unknown", "not in our",
            "recipient does not", "undefined mail drop", "address rejected: access denied", "@]: recipient address rejected: access denied",
        ),
    ),
    (
        "securityerror",
        (
            "authentication required", "authrequired", "auth required", "must authenticate", "not authenticated", "authentication failure",
            "authentication failed", "authorization failed", "starttls", "tls required", "encryption required", "encryption needed", "security",
            "delivery to this address is restricted", "restricted", "not allowed to send", "not authorized", "must issue a starttls", "tls negotiation",
            "certificate",
        ),
    ),
    (
        "systemfull",
        ("mail system full", "system storage", "disk full", "system full", "mail system full", "requested mail action aborted: exceeded", "insufficient system"),
    ),
    (
        "mailererror",
        (
            "command output", "procmail", "mailer terminated", "local configuration error",
            "command line usage error", "unknown mailer error", "delivery agent", "exit ", "x-unix", "child process", "alias file", "sieve",
        ),
    ),
    (
        "expired",
        (
            "timed out", "timeout", "time out", "could not be delivered for", "too long", "giving up", "envelope expired", "message expired",
            "retry time", "all hosts have been failing", "hosts have been failing", "delivery time", "delivery expired", "expired", "unable to deliver message after", "multiple retries",
            "connection refused", "did not accept our requests to connect", "not accept our requests", "host not reachable", "not reachable",
            "unreachable", "will be retried", "will retry", "still being retried", "has been delayed", "is delayed", "not yet been delivered",
            "failed 20 attempts", "delivery failed…attempts", "failed…attempts", "attempts", "been in the queue", "queue too long",
            "not responding", "no response", "not answer", "maximum retries", "retries exceeded", "retry timeout", "undelivered after",
            "server did not respond", "host is down", "host down", "deferred", "temporarily unavailable", "try again later", "try later",
        ),
    ),
    (
        "systemerror",
        (
            "internal server error", "internal error", "internal system error", "system error", "configuration error", "config error", "local error",
            "service unavailable", "service currently unavailable", "service not available", "ldap", "server error", "unexpected error",
            "temporary failure", "temporary error", "local problem", "insufficient permission", "permission denied", "i/o error",
            "can't create output", "cannot open", "out of memory", "database", "server configuration", "bad configuration", "unable to lock",
            "cannot deliver", "local delivery", "delivery failed", "out of resources", "resources",
        ),
    ),
    (
        "syntaxerror",
        ("syntax error", "improper sequence", "bad sequence", "out of order", "need rcpt", "command not implemented", "unrecognized command",
         "unknown command", "bad command", "protocol error", "command unrecognized", "need mail"),
    ),
)

# Said of everything; believed only where neither the words above nor a status code decide.
WEAK_REASONS: Table = (
    ("userunknown", ("recipient address rejected", "address rejected", "recipient refused", "unable to deliver to @", "unable to deliver message to @")),
    ("rejected", ("rejected", "refused", "denied", "not accepted", "not allowed", "prohibited", "forbidden", "not permitted")),
    ("blocked", ("blocked", "banned", "not welcome")),
)

# RFC 3463 and the IANA registry; the longest prefix wins, written without its class.
STATUS_REASONS: dict[str, str] = {
    "0.0": "",
    "1.0": "userunknown", "1.1": "userunknown", "1.2": "hostunknown", "1.3": "userunknown", "1.4": "userunknown",
    "1.6": "hasmoved", "1.7": "rejected", "1.8": "rejected", "1.9": "systemerror", "1.10": "notaccept", "1.351": "userunknown",
    "2.0": "", "2.1": "suspend", "2.2": "mailboxfull", "2.3": "exceedlimit", "2.4": "filtered", "2.6": "contenterror",
    "3.0": "systemerror", "3.1": "systemfull", "3.2": "systemerror", "3.3": "systemerror", "3.4": "mesgtoobig", "3.5": "systemerror",
    "4.0": "networkerror", "4.1": "expired", "4.2": "networkerror", "4.3": "systemerror", "4.4": "hostunknown", "4.5": "systemerror",
    "4.6": "networkerror", "4.7": "expired", "4.14": "networkerror", "4.310": "hostunknown", "4.312": "networkerror", "4.316": "expired",
    "5.0": "", "5.1": "syntaxerror", "5.2": "syntaxerror", "5.3": "toomanyconn", "5.4": "syntaxerror", "5.5": "syntaxerror", "5.6": "syntaxerror",
    "6.0": "contenterror", "6.1": "contenterror", "6.2": "contenterror", "6.3": "contenterror", "6.5": "contenterror", "6.6": "contenterror",
    "7.0": "securityerror", "7.1": "rejected", "7.2": "rejected", "7.3": "securityerror", "7.7": "securityerror", "7.8": "securityerror",
    "7.9": "securityerror", "7.12": "rejected", "7.13": "suspend", "7.17": "hasmoved", "7.18": "hasmoved", "7.20": "authfailure",
    "7.23": "authfailure", "7.25": "requireptr", "7.26": "authfailure", "7.27": "notaccept", "7.28": "speeding", "7.29": "authfailure",
    "7.509": "authfailure", "7.606": "blocked", "7.650": "badreputation", "7": "policyviolation",
}  # fmt: skip

# A line that introduces the reported mail: the first list wherever it stands in a short line, the second only where
# the line is drawn as a rule ("--- Original message") or is nothing else.
ORIGINAL_BEGINS = (
    "below this line is a copy", "enclosed is a copy", "included is a copy", "this is a copy of the message", "this is a copy of your message",
    "below is a copy of", "original message headers", "message headers follow", "message header follows", "message text follows",
    "original message follows", "unsent message follows", "unsent message below", "header of the original message", "headers of the original message",
    "headers of your message", "original mail follows", "text of the original message", "original text follows", "returned mail follows",
    "the original message was:", "original message is attached", "first part of the message follows", "body of the message follows",
    "copy of the original message", "original mail info",
)  # fmt: skip
ORIGINAL_RULES = (
    "original message", "original mail", "original email", "returned message", "returned mail", "message follows", "message header", "message headers",
    "included message", "undelivered message", "start of returned", "start of message", "text of your message", "returned content", "unsent message",
    "forwarded message", "original headers", "copy of message", "message body", "message contents", "headers",
)  # fmt: skip

# What the notice says of the account outweighs a mere "user unknown" of the server (KDDI answers both).
OUTWEIGHING: Table = (
    ("suspend", ("user(s) account is disabled", "user(s) account is temporarily limited")),
)

# "User unknown" as a filter says it: KDDI leaves the address out of ": User unknown".
FILTER_WORDS = (": user unknown",)
# Words that old gateways use of filtered mail too; without any code they prove nothing.
HEARSAY = ("user unknown", "have a", "recipient not found")

FAILURE_WORDS = (
    "undeliver", "not be delivered", "not deliver", "unable to deliver", "could not deliver", "couldn't be delivered", "could not be sent",
    "failed permanently", "delivery has failed", "delivery failed", "failed to deliver", "delivery failure", "cannot be delivered", "can't be delivered",
    "can not be delivered", "not delivered", "wasn't delivered", "permanent error", "permanent fatal errors", "fatal errors", "delivery errors", "delivery problems",
    "failure notice", "failure reasons", "returned mail", "did not reach", "not reach", "rejected", "user unknown", "unknown user", "mailbox", "was not relayed",
    "has been delayed", "not yet been delivered", "not yet delivered", "is delayed", "delivery status", "non-delivery", "nondelivery", "not be sent", "unable to send", "error delivering",
    "mail failed", "message failed", "returning to sender", "returning message to sender", "no such user", "transcript of session", "delivery error", "bounced", "blocked by",
    "not have permission", "not a member of", "are not member", "error has occurred while attempting", "trying to deliver", "not able to be delivered", "not yet received", "delay in the delivery", "aborted after", "échec de la remise", "échec de remise", "remise impossible", "fehler bei der zustellung", "entrega fallida", "error de entrega", "consegna non riuscita", "couldn't deliver", "can't deliver", "trouble delivering", "could not be reached", "did not get through", "cannot deliver", "can not deliver", "can't be reached", "erreur", "fehlgeschlagen", "no valid recipient", "failed addresses", "host unknown", "unknown host", "could not be found", "couldn't be found", "送信できません", "配信できません", "配送できません", "届けられません", "送信に失敗", "не может быть доставлен", "не доставлен",
    "zustellung", "nicht zugestellt", "no se pudo entregar", "no pudo ser entregado", "n'a pas pu être", "n'a pas été", "non è stato possibile",
    "não pôde ser", "退信", "无法投递", "投递失败", "delevery to", "problem delivering", "remote host said", "giving up on", "unroutable", "unrouteable",
)  # fmt: skip

RECIPIENT_WORDS = (
    "message to:", "message to", "mail to", "mailing list", "delivered to", "deliver to", "delivery to", "delivering your mail to", "addressed to", "recipient:", "recipients:", "recipient",
    "rcpt", "sent to", "undeliverable to", "failed to", "attempts:", "user:", "address:", "address ", "addresses", "email to", "following:", "reach ", "to address", "to:",
)  # fmt: skip

SENDER_WORDS = ("sender", "from:", "from <", "mail from", "return-path", "reply-to", "on behalf of", "contact", "assistance", "sent by")
