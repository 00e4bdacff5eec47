"""English from the names of API calls: `DescribeDBInstances` → `list DB instances`, `listed …`."""

import re

_VERSION = re.compile(r"(?:_?v\d+)?\d{4}_?\d{2}_?\d{2}(?:_?v\d+)?$|(?<=[a-z])V\d$")
_WORD = re.compile(r"[A-Z]{2,}\d*s?(?![a-z])|[A-Z]\d+|[A-Z]?[a-z]+|[A-Z]|\d+")
_READ_AT_MOST = 120
_IRREGULAR = {
    "be": "was",
    "begin": "began",
    "build": "built",
    "buy": "bought",
    "choose": "chose",
    "do": "did",
    "find": "found",
    "forget": "forgot",
    "get": "got",
    "give": "gave",
    "hide": "hid",
    "hold": "held",
    "go": "went",
    "keep": "kept",
    "lead": "led",
    "leave": "left",
    "let": "let",
    "lose": "lost",
    "make": "made",
    "overwrite": "overwrote",
    "pay": "paid",
    "put": "put",
    "read": "read",
    "rebuild": "rebuilt",
    "resend": "resent",
    "reset": "reset",
    "rewrite": "rewrote",
    "run": "ran",
    "say": "said",
    "see": "saw",
    "send": "sent",
    "set": "set",
    "shut": "shut",
    "split": "split",
    "spread": "spread",
    "steal": "stole",
    "break": "broke",
    "come": "came",
    "take": "took",
    "tell": "told",
    "upload": "uploaded",
    "withdraw": "withdrew",
    "write": "wrote",
}
# Verbs of one syllable that double their last letter, and others that end alike and double it too.
_DOUBLED = frozenset(
    """
    drop grab map omit plan plug scan strip ship stop submit swap tag trim untag unwrap wrap admit
    permit refer transfer
    """.split()  # noqa: SIM905
)
# What the first word of a call's name means, where another verb says it better.
_SAID_AS = {
    "admin": "administer",
    "batch": "",
    "bulk": "",
    "put": "set",
    "modify": "change",
    "terminate": "terminate",
    "head": "look up",
    "lookup": "look up",
    "preview": "preview",
}
_VERBS = frozenset(
    """
    abort accept acknowledge activate add admin allocate analyze apply approve archive assign
    associate assume attach authorize backtrack batch begin build bulk bundle cancel change check
    claim clear clone close commit complete compose configure confirm connect continue convert copy
    count create deactivate decline decrease decrypt define delete deny deploy deprecate deprovision
    deregister derive describe detach detect disable disassociate disconnect discover dismiss
    dispose download edit enable encrypt end enroll enter estimate evaluate exchange execute exit
    expire export extend failover filter finalize find flush forget generate get give grant head
    hibernate import increase infer initialize initiate inject install instantiate invite invoke
    issue join keep kill label launch leave link list load lock log logout lookup merge meter
    migrate modify monitor mount move notify open optimize override pause peer perform ping poll
    populate post preview promote provision publish purchase purge push put query read reboot
    rebuild receive record redeem refresh register reject release reload relocate remove rename
    renew reopen reorder replace replicate report request resend reset resize resolve respond
    restart restore resume retire retrieve retry return reverse revoke roll rollback rotate run
    sample save scale scan schedule search select send set share shut sign signal simulate skip
    solve split start stop store stream submit subscribe suspend swap switch sync synchronize tag
    terminate test train transcribe transfer translate trigger unarchive unassign undeploy
    undeprecate unlink unlock unmonitor unpeer unpublish unregister unshare unsubscribe untag update
    upgrade upload validate verify view vote wipe withdraw write
    """.split()  # noqa: SIM905 (a list literal would take a line a word)
)
# Verbs of sentences, which no call begins with.
_OTHER_VERBS = frozenset(
    """
    act allow appear ask blind break clean cover dump enumerate erase examine explore fetch flood
    force grab guess harvest help hijack lengthen loosen look lower mine name obtain omit plant
    point prepare pretend pull raise reach rent reroute serve shorten silence spread steal strip
    suppress take tamper transmit turn unprotect use visit weaken widen
    """.split()  # noqa: SIM905
)
_SINGULAR_IN_S = ("ss", "us", "is")
_PREPOSITIONS = frozenset({"as", "by", "for", "from", "in", "on", "to", "with"})
_TOWARDS = frozenset({"for", "from", "in", "on", "to", "with"})
_LOOKING = {"describe", "get", "view"}
# Acronyms are spelled (`an S3 bucket`), but for those that are spoken as words.
_VOWEL_SOUND = re.compile(r"(?:[aeio]|u(?!n[ai]|s[ae])|[AEIO]|(?!NAT|SAML|RAM|SIM)[FHLMNRSX](?=[A-Z0-9]))")
_ACRONYMS = {
    name.lower(): name
    for name in """
    ACL AMI API ARN AWS CA CIDR DB DHCP DNS EBS EC2 EFS EKS ECS GraphQL HSM IAM ID IP KMS MFA NAT
    SAML SMS SSH SSL SSO TLS URL VPC VPN XML JSON HTTP HTTPS OIDC ACLs AMIs APIs ARNs DBs IDs IPs
    URLs VPCs CORS REST SDK JWT LAGs Elasticsearch
    """.split()  # noqa: SIM905
}
_NO_ARTICLE = frozenset(
    """
    access data metadata support configuration settings encryption monitoring logging versioning
    permission information usage status analytics details protection acceleration scaling
    health enabled availability CORS storage tagging ingress egress traffic replication payment acceleration
    """.split()  # noqa: SIM905
)


def plain_event_name(event_name: str) -> str:
    """Without the API version that some services append: `ListFunctions20150331v2` → `ListFunctions`."""
    return _VERSION.sub("", event_name[:_READ_AT_MOST]) or event_name


def words_of(name: str) -> list[str]:
    """`DescribeDBInstances` → `Describe`, `DB`, `Instances`: acronyms stay whole."""
    return _WORD.findall(name[:_READ_AT_MOST])


def infinitive_of(event_name: str) -> str | None:
    """What a call does, after its name; None where its name begins with no verb."""
    words = words_of(plain_event_name(event_name))
    lead = ""
    while words and words[0].lower() in _VERBS and _SAID_AS.get(words[0].lower()) == "" and len(words) > 1:
        words, lead = words[1:], "in bulk"
    if not words or words[0].lower() not in _VERBS:
        return None
    verb, things = words[0].lower(), [_lower(word) for word in words[1:]]
    plural = bool(things) and _is_plural(things[-1])
    if verb in _LOOKING:
        verb = "list" if plural and verb == "describe" else "look up" if verb == "describe" else "read"
    else:
        verb = _SAID_AS.get(verb, verb)
    things = _with_article_at_the_end(things)
    thing = " ".join(things)
    if things and verb != "list" and _takes_article(things):
        thing = f"{article(thing)} {thing}"
    return " ".join(part for part in (verb, thing, lead) if part)


def _with_article_at_the_end(things: list[str]) -> list[str]:
    """`groups for user` → `groups for a user`; names (`to S3`) and manners (`by default`) stay."""
    place = next((place for place, word in enumerate(things) if word in _TOWARDS and place), None)
    if place is None or place == len(things) - 1:
        return things
    last = things[place + 1 :]
    if last[0] in {"a", "all"} or last[-1][0].isupper() or not _takes_article(last):
        return things
    return [*things[: place + 1], article(" ".join(last)), *last]


def article(thing: str) -> str:
    """`a` or `an`, by the sound: `an S3 bucket`, `a user`, `an IAM role`."""
    return "an" if _VOWEL_SOUND.match(thing) else "a"


def past_of(infinitive: str) -> str:
    """`create a user` → `created a user`: the first word alone changes."""
    verb, space, rest = infinitive.partition(" ")
    return f"{_past(verb)}{space}{rest}"


def _past(verb: str) -> str:
    if verb in _IRREGULAR:
        return _IRREGULAR[verb]
    if verb in _DOUBLED:
        return f"{verb}{verb[-1]}ed"
    if verb.endswith("e"):
        return f"{verb}d"
    if verb.endswith("y") and verb[-2:-1] not in "aeiou":
        return f"{verb[:-1]}ied"
    return f"{verb}ed"


def _lower(word: str) -> str:
    """An acronym (`DB`, `VPCs`, `S3`) keeps its capitals."""
    acronym = len(word) > 1 and (word[:2].isupper() or word[1].isdigit())
    return word if acronym else _ACRONYMS.get(word.lower(), word.lower())


def _is_plural(word: str) -> bool:
    return word.endswith("s") and not word.endswith(
        ("ss", "us", "is", "DNS", "OS", "TLS", "SMS", "AWS", "RDS", "KMS")
    )


def _takes_article(things: list[str]) -> bool:
    """Whether what is acted on is one thing that can be counted; what follows a preposition is not asked."""
    end = next((place for place, word in enumerate(things) if word in _PREPOSITIONS), len(things))
    return end > 0 and not _is_plural(things[end - 1]) and things[end - 1] not in _NO_ARTICLE


INFINITIVES: dict[str, str] = {
    _past(verb): verb for verb in (*_OTHER_VERBS, *_VERBS, *_IRREGULAR) if verb != "be"
}
"""Verbs by their past: `stopped` → `stop`."""
