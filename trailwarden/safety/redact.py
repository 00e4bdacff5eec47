"""Secrets that CloudTrail records can carry, masked before anything is published or stored.

CloudTrail hides most secrets itself, but session tokens, pre-signed addresses, user data, parameter values
and passwords of some services do reach the log; and people write secrets where none belong: in tags, command
lines and descriptions. Account ids and access key ids are not secrets.
"""

import re
from collections.abc import Mapping
from typing import Any

MASK = "***"
TOO_DEEP = "(nested too deep)"
_MAX_DEPTH = 64

# Names of fields, in lower case, without `-` and `_`.
_SECRET_FIELDS = frozenset(
    {
        "accesstoken",
        "apikey",
        "apikeyvalue",
        "authcode",
        "authenticationcode1",
        "authenticationcode2",
        "authorization",
        "authorizationtoken",
        "authtoken",
        "base32stringseed",
        "clientsecret",
        "connectionstring",
        "currentpassword",
        "dbpassword",
        "idtoken",
        "keymaterial",
        "masteruserpassword",
        "newpassword",
        "oldpassword",
        "passphrase",
        "password",
        "passworddata",
        "plaintext",
        "presignedurl",
        "previouspassword",
        "privatekey",
        "privatekeybase64",
        "proposedpassword",
        "qrcodepng",
        "refreshtoken",
        "samlassertion",
        "secret",
        "secretaccesskey",
        "secretbinary",
        "secrethash",
        "secretkey",
        "secretstring",
        "securitytoken",
        "sessiontoken",
        "temporarypassword",
        "tokencode",
        "tokenvalue",
        "userdata",
        "usercode",
        "webidentitytoken",
        "xamzsecuritytoken",
    }
)
# What stands in an environment: the names of the variables tell enough, their values are secrets too often.
_ENVIRONMENTS = frozenset({"environment", "environmentvariables", "environmentvariablesoverride"})
# Calls of which one parameter, of an innocent name, is the secret.
_SECRET_PARAMETERS = {
    ("ssm.amazonaws.com", "PutParameter"): "value",
    ("apigateway.amazonaws.com", "CreateApiKey"): "value",
    ("iot.amazonaws.com", "CreateKeysAndCertificate"): "keyPair",
}

_WORD = (
    r"(?:pass(?:word|wd|phrase)|pwd|(?:client|app)_?-?secret"
    r"|secret(?:_?-?(?:string|binary|(?:access_?-?)?key))?|api_?-?key|private_?-?key"
    r"|(?:access|auth|session|security|refresh|bearer)_?-?token)"
)
_IN_TEXT: tuple[tuple[re.Pattern[str], str], ...] = (
    # https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
    (
        re.compile(
            r"(?i)([?&](?:x-amz-signature|x-amz-security-token|x-amz-credential|signature|sig|token)=)[^&\s\"'\\]+"
        ),
        rf"\g<1>{MASK}",
    ),
    (
        re.compile(
            r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]{0,40}-----|\Z)", re.DOTALL
        ),
        f"(private key: {MASK})",
    ),
    (re.compile(r"(?i)\b((?:bearer|basic)\s+)[a-z0-9._~+/=-]{8,}"), rf"\g<1>{MASK}"),
    (re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s:/@\"']{0,256}:)[^\s/@\"']{1,256}@"), rf"\g<1>{MASK}@"),
    # `password=x`, `"password": "x"` (escaped or not), `--password x`; never `…:secret:name` of an ARN.
    (
        re.compile(
            rf"(?i)({_WORD}\\*[\"']?\s*(?:=|(?<=[\"'])\s*:|:\s)\s*\\*[\"']?)(?!\*\*\*)[^\s\"'\\&;,}}]+"
        ),
        rf"\g<1>{MASK}",
    ),
    (re.compile(rf"(?i)(--?{_WORD}\s+[\"']?)(?!\*\*\*)[^\s\"';-][^\s\"';]*"), rf"\g<1>{MASK}"),
    # Tokens that can be told by their first letters: STS, GitHub, GitLab, Slack, Stripe, Google, npm, JWT.
    (re.compile(r"\b(?:FwoG|FQoG|IQoJ)[A-Za-z0-9+/=_-]{40,}"), MASK),
    (re.compile(r"\bgh[oprsu]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}"), MASK),
    (re.compile(r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}|\bxapp-[A-Za-z0-9-]{10,}"), MASK),
    (re.compile(r"\b[rs]k_live_[A-Za-z0-9]{16,}|\bAIza[\w-]{30,}|\bnpm_[A-Za-z0-9]{30,}"), MASK),
    (re.compile(r"https://hooks\.slack\.com/services/[\w/]+"), f"https://hooks.slack.com/services/{MASK}"),
    (re.compile(r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]*"), MASK),
)
# No secret above stands in a text without any of these; nor, if it is ASCII, in one without any of the words.
_WORDS = (
    *("passw", "passphrase", "pwd", "secret", "token", "bearer", "basic", "-----begin"),
    *("key", "sig=", "signature=", "x-amz-", "@", "fwog", "fqog", "iqoj", "eyj", "aiza"),
    *("gho_", "ghp_", "ghr_", "ghs_", "ghu_", "github_pat_", "glpat-", "_live_", "npm_"),
    *("xox", "xapp-", "hooks.slack.com"),
)
_HINT = re.compile(r"[=:-]|FwoG|FQoG|IQoJ|gh[oprsu]_|_live_|AIza|npm_|eyJ|(?i:bearer|basic|github_pat)")


def redacted(value: Any, field: str = "", depth: int = 0) -> Any:
    """A copy of `value` (any JSON, or a whole record) with secrets replaced by `***`.

    It is cut off where it nests absurdly deep.
    """
    if isinstance(value, (dict, list)):
        if depth >= _MAX_DEPTH:
            return TOO_DEEP
        name = _normal(field)
        if isinstance(value, list):
            if name in _ENVIRONMENTS:
                return [_masked_variable(item, depth + 1) for item in value]
            return [redacted(item, field, depth + 1) for item in value]
        if name in _ENVIRONMENTS:
            return {key: _masked_environment(key, item, depth + 1) for key, item in value.items()}
        return (
            _with_masked_parameter(
                value, {key: redacted(item, key, depth + 1) for key, item in value.items()}
            )
            if "eventName" in value
            else _masked_object(value, field, depth)
        )
    if isinstance(value, str) and value:
        return MASK if is_secret(field) else redacted_text(value)
    return value


def is_secret(field: str) -> bool:
    """Whether a field of this name (its last part, where it is dotted) holds a secret."""
    return _normal(field.rpartition(".")[2]) in _SECRET_FIELDS


def redacted_text(text: str) -> str:
    """Free text with what can be told to be a secret replaced by `***`."""
    if not may_hold_secret(text):
        return text
    for pattern, replacement in _IN_TEXT:
        text = pattern.sub(replacement, text)
    return text


def may_hold_secret(text: str) -> bool:
    """Whether the text is worth a closer look; most are not, and are told so at once."""
    if _HINT.search(text) is None:
        return False
    if not text.isascii():  # then more characters than the letter itself pass for one of another case
        return True
    lowered = text.lower()
    return any(word in lowered for word in _WORDS)


def _normal(field: str) -> str:
    return field.lower().replace("-", "").replace("_", "")


def _masked_object(value: dict[str, Any], field: str, depth: int) -> dict[str, Any]:
    """`userData: {value: …}`: what stands in an object of a secret name is secret."""
    if is_secret(field):
        return {
            key: MASK if isinstance(item, str) and item else redacted(item, field, depth + 1)
            for key, item in value.items()
        }
    return {key: redacted(item, key, depth + 1) for key, item in value.items()}


def _masked_environment(key: str, value: Any, depth: int) -> Any:
    """Lambda's `environment: {variables: {NAME: value}}`, and plain `{NAME: value}`."""
    if _normal(key) == "variables" and isinstance(value, dict):
        return {name: MASK if item else item for name, item in value.items()}
    return MASK if isinstance(value, str) and value else redacted(value, key, depth)


def _masked_variable(item: Any, depth: int) -> Any:
    """ECS's and CodeBuild's `environment: [{name: …, value: …}]`."""
    if not isinstance(item, dict):
        return redacted(item, "", depth)
    return {
        key: MASK if _normal(key) == "value" and inner else redacted(inner, key, depth)
        for key, inner in item.items()
    }


def _with_masked_parameter(record: Mapping[str, Any], masked: dict[str, Any]) -> dict[str, Any]:
    """A record's masked copy, in which the parameter that is this call's secret is masked too."""
    source, name = record.get("eventSource"), record.get("eventName")
    secret = (
        _SECRET_PARAMETERS.get((source, name)) if isinstance(source, str) and isinstance(name, str) else None
    )
    parameters = masked.get("requestParameters")
    if secret and isinstance(parameters, dict) and parameters.get(secret):
        masked["requestParameters"] = {**parameters, secret: MASK}
    return masked
