"""What the name of a field says about its value: a secret, an environment, or what people must read.

Names are compared without case, punctuation and spaces: `MasterUserPassword`, `master_user_password` and
`--master-user-password` are one name.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from trailwarden.safety.lookalikes import legible
from trailwarden.safety.names_abroad import ALONE, ENDINGS, is_password_abroad

_LONGEST = 200
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_PUNCTUATION = re.compile(r"[^a-z0-9]")
# What may follow the word that says that it is a secret: `secretString`, `passwordConfirm`, `token1`.
_QUALIFIER = re.compile(
    r"(?:value|values|text|plaintext|string|binary|data|base64|b64|hash|current|new|old|confirm|confirmation"
    r"|again|bytes|blob|content|contents|raw|encoded|material|literal|body|override|overrides|list|pem|set"
    r"|png|seed|input|json|file|prod|production|dev|staging|qa|uat|live|sandbox|primary|secondary|base|[0-9]+)$"
)
_SECRET = re.compile(
    r"(?:passwords?|passwds?|pwds?|passphrases?|passcodes?|passwrd|secrets?|tokens?|credentials?|creds?"
    r"|apikeys?|apitokens?|privatekeys?|preshare(?:d)?keys?|psks?|sharedkeys?|secretkeys?|accountkeys?"
    r"|storagekeys?|masterkeys?|authkeys?|accesskeys?|signingkeys?|hmackeys?|encryptionkeys?|customerkeys?"
    r"|streamkeys?|licensekeys?|subscriptionkeys?|tlskeys?|sslkeys?|sshkeys?|rsakeys?|tokenkeys?|deploykeys?"
    r"|consumerkeys?|integrationkeys?|activationkeys?|clientkeydata|mackeys?|hostkeys?"
    r"|fernetkeys?|symmetrickeys?|cipherkeys?|cryptokeys?|aeskeys?|unsealkeys?|jwtkeys?|cookiekeys?|sessionkeys?"
    r"|keystorekeys?|wpakeys?|wepkeys?|vapidkeys?|servicerolekeys?|passkeys?|(?:store|key|user|db|root|admin|ssh|smtp|ldap|mail|ftp|proxy|http|login|bind"
    r"|redis|mongo|mysql|pg|postgres|vnc|wifi|zip|cert|auth|become|src|dest)pass"
    r"|(?:static|functions?|internal|backend|insert|ingest|ingestion|write|gateway|origin|upstream|relay)keys?"
    r"|origin(?:verify|auth)|(?:db|root|admin|user|sa|sql|join|ldap|smtp|ftp|svc)pw"
    r"|keymaterial|privkeys?|accesscodes?|authcodes?|authorizationcodes?|devicecodes?|usercodes?"
    r"|tokencodes?|mfacodes?|totpcodes?|otpcodes?|otps?|totps?|authenticationcodes?|verificationcodes?"
    r"|confirmationcodes?|activationcodes?|recoverycodes?|backupcodes?|securitycodes?|pincodes?"
    r"|userdata|connectionstrings?|connectionuris?|authorizations?|setcookies?|cookies?|bearers?|jwts?"
    r"|samlassertions?|samlresponses?|base32stringseed|totpseed|qrcode|plaintext|presignedurls?|signedurls?"
    r"|webhookurls?|webhookuris?|serviceaccountjson|servicejson|kubeconfigs?|dockerconfig|dockercfg|npmrc"
    r"|netrc|pgpass|htpasswd|keytabs?|kerberoskeytabs?|wallet|signatures?|uploadcredentials"
    r"|communitystrings?|applicationkeys?|pivotalkeys?|authenticationmaterial|passwordverifier"
    r"|authorizedurls?|streamingurls?|streamingsessionurls?|embedurls?"
    rf"|secrettoauthenticateinitiator|secrettoauthenticatetarget|{ENDINGS})$"
)
_SECRET_WORDS = ALONE | {"pass", "pw", "pin", "passwd", "auth", "psk", "otp", "sas", "pat"}
"""What says so as the last word of a name alone: `DB_PASS`, but not `bypass`."""
_VARIABLE_OF_SPARK = re.compile(r"spark\.(?:yarn\.|kubernetes\.)?+(?:executorEnv|appMasterEnv|driverEnv)\.")
"""A variable of an environment, whatever its name says."""
_SAYS_TOO_LITTLE = frozenset(
    {"key", "keys", "value", "text", "plaintext", "string", "current", "raw", "token"}
)
_LEADING_ON = frozenset({"next", "page", "pagination", "continuation"})
_OF_AN_INSTANCE = re.compile(
    r"(?:(?:account|secret|private|api|signing|encryption|master|shared|license|storage)key|clientsecret"
    r"|(?:sas|fixed|access|auth|api)token)$"
)
_SETTINGS = frozenset(
    {"required", "reset", "rotation", "rotate", "enabled", "disabled", "length", "min", "max"}
    | {"policy", "ttl", "age", "timeout", "interval", "size", "provider", "file", "path"}
    | {"type", "header", "prefix", "field", "column", "param", "url", "uri", "endpoint"}
    | {"expiry", "validity", "id", "arn", "name", "alias"}
)
"""What follows such a key, and is but a setting about it."""
_DEEPEST = 12
_HOLDS_SECRETS = re.compile(
    r"(?:passwords?|passwd|pwd|passphrases?|secrets?|tokens?|credentials?|apikeys?|[a-z]keys?|keymaterial"
    r"|userdata?|user)$"
)
_HANDLES = re.compile(
    r"(?:(?:next[a-z]*|previous|prev|page|pagination|continuation|client|request|idempotency|creation|starting|start"
    r"|sequence|lock|update|change|version|backward|forward|chunk|message|conditional|action|profile|retrieval"
    r"|provision|terminate|execute|product|workflow|share|purchase|resume|scroll|sync|block|retry|dkim|grant"
    r"|http|max|min|input|output|total|overlap|pattern|syntax|prompt|completion|stop|special|reserved)tokens?"
    r"|(?:delete|clear|create|show|reveal|with|generate|uses?|validate|allow|rotate|^manage[a-z]*|hide|expire|has"
    r"|include|enable|disable|require|force|restore|remove)(?:secrets?|passwords?|credentials?|tokens?"
    r"|masterpassword|masteruserpassword|adminpassword|lakeformationcredentials|callercredentials)"
    r"|[a-z]*publickey[a-z0-9]*)$"
)
"""Tokens that only lead on (pages, idempotency, versions, counts of tokens), and switches."""
_READABLE = re.compile(
    r"(?:ids?|identifiers?|arns?|uuid|names?|users?|usernames?|types?|kinds?|status|states?|dates?|times?"
    r"|timestamp|expiration|expires|expiry|expiresat|createdat|updatedat|createdby|versions?|regions?"
    r"|accounts?|providers?|descriptions?|sources?|valuefrom|refs?|references?|parameter|hosts?|hostname|ports?"
    r"|paths?|enabled|algorithm|formats?|methods?|scopes?|audiences?|purpose|tags?|tagkeys?|tagvalues?|count"
    r"|lengths?|size|owner|emails?|emailaddress|addresses|ipaddress|domains?|roles?|policy|policies|policydocument|document|database"
    r"|engine|title|label|displayname|principals?|mode|usage|reason|comment|country|city|locale|issuer|kmskey"
    r"|publickey|fingerprint|stages?|prefix|suffix|service|services|days|units?|hours|minutes|seconds"
    r"|certificatechain|certificate|action|severity|effect|operator)$"
)
_ENVIRONMENTS = re.compile(
    r"^(?:env|environment|envs|envvars?|environments?)$"
    r"|(?:environmentvariables?|envvars?|environmentmap|environmentoverrides?|environmentvariablesoverrides?"
    r"|environmentvariableoverrides?|envoverrides?|containerenvironment|defaultarguments"
    r"|nonoverridablearguments|executionenvironmentvariables?)$"
)
# What stands beside the variables in an environment of CodeBuild, of a build specification, or of a pipeline
# that says where it deploys to; in these spellings, which those of variables are not.
_PLACE_OF_DEPLOYMENT = frozenset({"name", "url", "action", "on_stop", "auto_stop_in", "deployment_tier"})
_SETTINGS_OF_ENVIRONMENT = _PLACE_OF_DEPLOYMENT | frozenset(
    spelled
    for name in (
        *("type", "image", "computeType", "imagePullCredentialsType", "privilegedMode", "certificate"),
        *("shell", "git-credential-helper"),
    )
    for spelled in (name, name[0].upper() + name[1:])
)
_REFERRED = frozenset({"parameter-store", "secrets-manager"})
_NAMING = re.compile(
    r"^(?:[a-z]*(?:name|key)|path|property|setting|variable|option|parameter|field|header|attribute|label|id|k|n)$"
)
_VALUE = re.compile(r"^(?:[a-z]*values?|val|v|default|content|data|[a-z]*valuetext)$")


def plain(name: str) -> str:
    """The name without case and punctuation, by which names are compared; what follows the last dot, slash or
    colon, if it is a path."""
    last = re.split(r"[.:/]", _legible(name).rstrip(".:/"))[-1]
    return _PUNCTUATION.sub("", last.lower())


def _legible(name: str) -> str:
    """The end of a name, in which what looks like a Latin letter is one."""
    end = name[-_LONGEST:]
    return end if end.isascii() else legible(unicodedata.normalize("NFKC", end))


@lru_cache(maxsize=4096)
def is_secret(name: str) -> bool:
    """Whether a field of this name (its last part, if it is dotted) holds a secret."""
    if not name.isascii() and is_password_abroad(_legible(name)):
        return True
    known = _known(name)
    if not known or _HANDLES.search(known):
        return False
    if _VARIABLE_OF_SPARK.match(name):
        return True
    if _SECRET.search(known):
        return True
    words = _WORDS.findall(_legible(name))
    if words and words[-1].lower() in _SECRET_WORDS:
        return True
    stripped = _QUALIFIER.sub("", known)
    if stripped != known and not _HANDLES.search(stripped) and _SECRET.search(stripped):
        return True
    return _is_key_of_an_instance(name)


def is_secret_flag(name: str) -> bool:
    """Whether an option of a command takes a secret; `--password-file` takes the name of a file."""
    return is_secret(name) and not plain(name).endswith("file")


def _known(name: str) -> str:
    """The plain name; of `fs.s3a.secret.key` its last two parts, if the last one alone says too little."""
    known = plain(name)
    if known not in _SAYS_TOO_LITTLE:
        return known
    parts = _legible(name).rstrip(".:/").rsplit(".", 2)
    before = plain(parts[-2]) if len(parts) > 1 else ""
    return before + known if known != "token" or before in _LEADING_ON else known


def _is_key_of_an_instance(name: str) -> bool:
    """Whether what a key belongs to stands behind it: `fs.azure.account.key.store.dfs.core.windows.net`."""
    parts = re.split(r"[:/]", _legible(name))[-1].split(".")
    for place in range(1, min(len(parts), _DEEPEST)):
        head = plain("".join(parts[max(0, place - 2) : place]))
        if _OF_AN_INSTANCE.search(head):
            rest = {plain(part) for part in parts[place:]}
            return not rest & _SETTINGS and _READABLE.search(plain(parts[-1])) is None
    return False


@lru_cache(maxsize=4096)
def is_secret_object(name: str) -> bool:
    """Whether all that stands in an object of this name is secret, but for what people must read."""
    return is_secret(name) and _HOLDS_SECRETS.search(_QUALIFIER.sub("", _known(name))) is not None


def may_be_id(name: str) -> bool:
    """Whether what holds a secret's name may as well be the id of a key."""
    return _known(name).endswith(("encryptionkey", "accesskey", "masterkey", "signingkey", "customerkey"))


@lru_cache(maxsize=4096)
def is_readable(name: str) -> bool:
    """Whether people must read a field of this name, although it stands among secrets: an id, an ARN, a
    name, a state, a date."""
    known = _known(name)
    return _HANDLES.search(known) is not None or (_READABLE.search(known) is not None and not is_secret(name))


@lru_cache(maxsize=4096)
def is_environment(name: str) -> bool:
    """Whether a field of this name holds environment variables: their names say enough."""
    return _ENVIRONMENTS.search(plain(name)) is not None


def holds_variables(name: str) -> bool:
    """Whether this part of an environment is the variables themselves."""
    return plain(name) in {"variables", "environmentvariables"}


def holds_settings(members: Iterable[tuple[str, bool]]) -> bool:
    """Whether an environment is more than its variables, which then stand in a part of their own. Of each
    member: its name, and whether it holds others. What a variable may be called says nothing: `TYPE`."""
    given = dict(members)
    return (
        any(below and (holds_variables(name) or name in _REFERRED) for name, below in given.items())
        or not given.keys().isdisjoint({"computeType", "ComputeType"})
        or ("name" in given and given.keys() <= _PLACE_OF_DEPLOYMENT)
    )


def is_setting(name: str) -> bool:
    """Whether a member that stands beside the variables of an environment says what all may read."""
    return name in _SETTINGS_OF_ENVIRONMENT


@lru_cache(maxsize=4096)
def names_something(name: str) -> bool:
    """Whether a field of this name may be the name in a pair of name and value: `parameterKey`."""
    return _NAMING.search(plain(name)) is not None


@lru_cache(maxsize=4096)
def values_something(name: str) -> bool:
    """Whether a field of this name may be the value in a pair of name and value: `parameterValue`."""
    return _VALUE.search(plain(name)) is not None
