"""How the names of secrets may read, and where a secret stands beside its name in markup and templates: the
first group of each pattern is the name, the second the value."""

from trailwarden.safety.names_abroad import HINT as HINT_ABROAD

HINT = (
    r"(?:pass|pwd|pw|secret|token|cred|key|auth|code|psk|pin|otp|jwt|cookie|user[_-]?data|bearer"
    r"|connection[_-]?str|assertion|signature|plaintext|keytab|wallet|webhook|signed[_-]?url|sas|netrc|pgpass"
    rf"|qr[_-]?code|saml[_-]?resp|{HINT_ABROAD})"
)
NAME = rf"[\w.-]*{HINT}[\w.-]*"

# Terraform: `variable "db_password" { default = "x" }`
_DEFAULT = rf"(?i)\bvariable[ \t]+\"({NAME})\"[ \t]*\{{[^{{}}]*?\bdefault[ \t]*=[ \t]*\"([^\"\n]+)\""
_ELEMENT = rf"(?i)<([\w:.-]*{HINT}[\w:.-]*)(?:\s[^<>]*)?>(?:\s*<value>)?([^<]+)"
_ELEMENTS = (
    rf"(?i)<[\w:.-]*(?:name|key)>\s*([\w./:-]*{HINT}[\w.-]*)\s*</[\w:.-]+>"
    r"\s*(?:<array>\s*)?<(?:[\w:.-]*value|string|data)>(?:<!\[CDATA\[)?([^<]+)"
)
# `<entry key="password">…`, `<password><![CDATA[…`, `<Password Value="…"/>`
_ELEMENT_OF_NAME = (
    rf"(?i)<[\w:.-]+\s+(?:name|key|id)\s*=\s*[\"']([\w./:-]*{HINT}[\w.-]*)[\"'][^<>]*[^<>/]?>"
    r"\s*(?:<value>\s*)?(?:<!\[CDATA\[)?([^<\]]+)"
)
_ELEMENT_OF_DATA = rf"(?i)<([\w:.-]*{HINT}[\w:.-]*)(?:\s[^<>]*)?>\s*<!\[CDATA\[([^\]]+)"
_ELEMENT_OF_VALUE = rf"(?i)<([\w:.-]*{HINT}[\w:.-]*)\s(?:[^<>]*\s)?value\s*=\s*[\"']([^\"'<>]+)"
ELEMENTS = (
    _DEFAULT,
    _ELEMENT,
    _ELEMENTS,
    _ELEMENT_OF_NAME,
    _ELEMENT_OF_DATA,
    _ELEMENT_OF_VALUE,
)
