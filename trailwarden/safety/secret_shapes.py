"""Secrets known by their own form: tokens of vendors and keys; with those of commands, all shapes.

RE2's patterns; the groups that take part in a match are the secret, else all of it. The forms are the
vendors' own, as their documentation and the public lists of secret scanners give them:
https://docs.github.com/en/code-security/secret-scanning/introduction/supported-secret-scanning-patterns
https://github.com/gitleaks/gitleaks/blob/master/config/gitleaks.toml
"""

# ruff: noqa: E501 (a line for each: it is a table)

from trailwarden.safety.names_abroad import SPOKEN
from trailwarden.safety.secret_commands import COMMANDS
from trailwarden.safety.secret_routers import ROUTERS

_AWS = (
    r"\b(?:FwoG|FQoG|IQoJ)[A-Za-z0-9+/=_-]{40,}",
    r"\b(?:ABSK[A-Za-z0-9+/]{60,}={0,2}|bedrock-api-key-[A-Za-z0-9+/_=-]{20,}|amzn\.mws\.[0-9a-f-]{36}|da2-[a-z0-9]{26}\b)",
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}[^A-Za-z0-9]{1,20}(?:[A-Za-z_]{1,40}[^A-Za-z0-9]{1,10})?([A-Za-z0-9/+]{40})\b",
)
_TOKENS = (
    # GitHub, GitLab, Bitbucket and Atlassian, Docker, package registries.
    r"\bgh[oprsu]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}",
    r"\bgl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|soat|oas|ffct|rtr)-[\w.-]{16,}|\bGR1348941[\w-]{16,}",
    r"\bATATT3[\w=.-]{30,}|\bATCTT3[\w=.-]{30,}|\bATBB[A-Za-z0-9]{24,}",
    r"\bdckr_(?:pat|oat)_[\w-]{20,}|\bnpm_[A-Za-z0-9]{30,}|\bpypi-[\w-]{30,}|\brubygems_[0-9a-f]{40,}",
    r"\bcio[A-Za-z0-9]{32}\b|\boy2[a-z0-9]{43}\b|\bCLOJARS_[a-z0-9]{50,}|\bAKCp[A-Za-z0-9]{40,}",
    # Slack, Discord, Telegram, Teams.
    r"\bxox[abeoprs](?:\.xox[a-z])?-[\w-]{10,}|\bxapp-[\w-]{10,}",
    r"hooks\.slack\.com/(?:services|workflows|triggers)/([\w/-]+)",
    r"discord(?:app)?\.com/api/webhooks/\d+/([\w-]+)|\b[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,40}",
    r"webhook\.office\.com/webhookb2/([\w@/-]+)|\b\d{8,10}:AA[\w-]{32,34}\b",
    # Payments and shops.
    r"\b[rs]k_(?:live|test|prod)_[A-Za-z0-9]{10,}|\bwhsec_[A-Za-z0-9+/=]{20,}|\bshp(?:at|ca|pa|ss|tka)_[0-9a-fA-F]{32}",
    r"\bsq0(?:atp|csp|idp)-[\w-]{22,}|\baccess_token\$(?:production|sandbox)\$\w+\$[0-9a-f]+",
    r"\bFLWSECK(?:_TEST)?-[\w-]{12,}|\bEZ[AT]K[A-Za-z0-9]{54,}|\baccess-(?:sandbox|development|production)-[0-9a-f-]{36}",
    # Google, Azure, other clouds.
    r"\bAIza[\w-]{30,}|\bya29\.[\w-]{20,}|\bGOCSPX-[\w-]{20,}|\b1//0[\w-]{30,}",
    r"[\w.~-]{3}\dQ~[\w.~-]{31,34}|\bdo[oprt]_v1_[0-9a-f]{60,}|\bHRKU-[\w-]{30,}|\bLTAI[A-Za-z0-9]{12,}\W+([A-Za-z0-9]{30})\b",
    r"\bFlyV1 fm\d_[\w+/=,-]{20,}|\bfm[12]_[\w+/=-]{60,}|\b(?:tskey|nfp|sbp|vcp)[-_][\w-]{20,}|\bsb_secret_[\w-]{20,}",
    # What runs and watches: HashiCorp, Databricks, Datadog, New Relic, Grafana, Sentry, and so on.
    r"\bhv[bsr]\.[\w-]{20,}|\b[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{50,}|\bdapi[0-9a-f]{32}(?:-\d)?\b|\bdose[0-9a-f]{32}\b",
    r"\bNR(?:AK|II|JS|RA|IQ|BR)-[\w-]{16,}|\b[0-9a-f]{36}NRAL\b|\bddapp_[\w-]{20,}|\bpub[0-9a-f]{32}\b",
    r"\bgl(?:c|sa)_[\w+/=-]{20,}|\bsntr[yu]s?_[\w+/=-]{20,}|\bdt0[a-z]\d{2}\.[A-Z0-9]{8,}\.[A-Z0-9]{20,}|\bdp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{20,}",
    r"\bpul-[0-9a-f]{40}|\bpscale_(?:tkn|pw|oauth)_[\w.=-]{20,}|\bpnu_\w{30,}|\bbk[a-z]{1,2}_[0-9a-f]{40}|\bCCIPAT_\w{20,}",
    r"\bsq[apu]_[0-9a-f]{40}|\bPMAK-[0-9a-f-]{40,}|\bico-\w{32}|\bAVNS_[\w-]{15,}|\bops_eyJ[\w=-]{50,}|\bAGE-SECRET-KEY-1[A-Z0-9]{50,}",
    # Mail and telephone.
    r"\bSG\.[\w-]{16,}\.[\w-]{20,}|\bSK[0-9a-f]{32}\b|\bkey-[0-9a-f]{32}\b|\b[0-9a-f]{32}-us\d{1,2}\b|\bxkeysib-[0-9a-f-]{60,}",
    # Language models.
    r"\bsk-[A-Za-z0-9_-]{20,}|\bhf_[A-Za-z0-9]{30,}|\bapi_org_[A-Za-z]{30,}|\br8_[A-Za-z0-9]{30,}|\bgsk_[A-Za-z0-9]{40,}|\b(?:xai|pplx)-[A-Za-z0-9]{40,}",
    # Work.
    r"\blin_(?:api|oauth)_\w{30,}|\b(?:secret|ntn)_[A-Za-z0-9]{40,}|\bpat[A-Za-z0-9]{14}\.[0-9a-f]{60,}|\bfig[dop][rht]?_[\w-]{30,}",
    r"\bpat-(?:na|eu|ap)\d-[0-9a-f-]{36}|\b(?:sdk|mob|api)-[0-9a-f]{8}-[0-9a-f-]{27}\b|\btfp_[\w.-]{40,}|\bCFPAT-[\w-]{40,}|\brdme_\w{60,}|\baio_\w{28}\b",
    r"\bSSWS\s+([\w-]{30,})|\bEAA[A-Za-z0-9]{80,}|\bsl\.[A-Za-z0-9_-]{100,}",
    # JSON web tokens, signed or encrypted.
    r"\beyJ[\w-]{10,}\.[\w-]*\.[\w-]*(?:\.[\w-]*){0,2}",
)
# Addresses that take whatever is sent to them: who has one can post there. Known hosts, then what such paths look
# like anywhere.
_HOOKS = (
    r"(?i)pagerduty\.com/(?:integration|x-ere)/([\w-]+)|victorops\.com/integrations/[\w-]+/\d+/alert/([\w-]+)",
    r"(?i)hooks\.zapier\.com/hooks/\w+/([\w/-]+)|maker\.ifttt\.com/[\w/{}%-]*/key/([\w-]+)|hooks?\.slack-gov\.com/\w+/([\w/-]+)",
    r"(?i)hook\.[\w.-]*(?:integromat|make)\.com/([\w-]+)|webhook\.site/([\w-]+)|\b([\w-]{8,})\.m\.pipedream\.net",
    r"(?i)\bntfy\.sh/([\w-]{8,})|\bhc-ping\.com/([\w-]+)|\bcronitor\.link/p/([\w-]+)|feishu\.cn/open-apis/bot/v2/hook/([\w-]+)",
    r"(?i)larksuite\.com/open-apis/bot/v2/hook/([\w-]+)|sumologic\.(?:com|net)/receiver/v1/http/([\w=+-]+)",
    r"(?i)loggly\.com/(?:inputs|bulk)/([\w-]+)|squadcast\.com/v\d/incidents/[\w-]+/([\w-]+)|signl4\.com/webhook/([\w-]+)",
    r"(?i)ilert\.com/api/v\d/events/[\w-]+/([\w-]+)|api\.telegram\.org/bot([\w:-]+)|alertops\.com/[\w/.-]*?([0-9a-f-]{32,})",
    r"(?i)https?://[^\s/\"'<>]+/(?:[^\s\"'<>?]*/)?(?:hooks?|webhooks?(?:-test)?|integrations?|receiver|catch|trigger)/(?:[^\s\"'<>?]*/)?([\w-]{20,})",
)
# CloudFormation's parameters that are not to be echoed, in YAML.
_LINE_OF_PARAMETER = r"(?:[ \t]+(?:Type|Description|ConstraintDescription|AllowedPattern|M(?:in|ax)(?:Length|Value)):[^\n]*\n)*"
_UNECHOED = r"[ \t]+NoEcho:[ \t]*[\"']?(?i:true|yes|on)\b[^\n]*"
_TEMPLATES = (
    rf"{_UNECHOED}\n{_LINE_OF_PARAMETER}[ \t]+Default:[ \t]*([^\s][^\n]*)",
    rf"[ \t]+Default:[ \t]*([^\s][^\n]*)\n{_LINE_OF_PARAMETER}{_UNECHOED}",
)
_KEYS = (
    r"(?s)-{4,5} ?BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)? ?-{4,5}(.*?)(?:-{4,5} ?END [A-Z0-9 ]{0,40}-{4,5}|\z)",
    r"(?s)PuTTY-User-Key-File-\d.*?Private-Lines:[ \t]*\d+(.*?)(?:Private-MAC:|\z)",
    r"\$(?:1|5|6|7|y|gy|2[abxy]?|apr1|argon2(?:id?|d)|scrypt|pbkdf2[\w-]*)\$[./A-Za-z0-9$=,+-]{20,}",
)
SHAPES = (*_AWS, *_TOKENS, *_HOOKS, *_TEMPLATES, *_KEYS, *COMMANDS, *ROUTERS, *SPOKEN)
