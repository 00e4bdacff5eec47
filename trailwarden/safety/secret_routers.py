"""Secrets in the configurations of routers and firewalls, as Cisco's, Juniper's and Fortinet's systems write them.

RE2's patterns, whose groups are the secrets. They stand in sentences' own words, so
what is taken for a secret has a digit or a sign in it.
"""

# ruff: noqa: E501 (a line for each: it is a table)

_ODD = r"[\"']?([^\s\"';]*[0-9$!@#%^&*][^\s\"';]*)"
# In what form it is written: 0 plain, 5 hashed, 7 obscured, and so on.
_FORM = r"(?:(?:\d{1,2}|ENC|encrypted|ascii-text|ascii|hexadecimal|hex|clear|plaintext|md5|sha\d*|key-string)[ \t]+)"
ROUTERS = (
    rf"(?i)\b(?:password|passwd|secret)[ \t]+(?:\d{{1,2}}|ENC|encrypted|sha512)[ \t]+{_ODD}",
    rf"(?i)\b(?:enable(?:[ \t]+algorithm-type[ \t]+\S+)?|username[ \t]+\S+(?:[ \t]+privilege[ \t]+\d+)?|neighbor[ \t]+\S+|ip(?:[ \t]+\w+){{1,2}}|[\w-]+-server[ \t]+\S+)[ \t]+(?:password|secret)[ \t]+{_ODD}",
    rf"(?i)\b(?:tacacs|radius|isakmp|pre-shared-key)\b[^\n]*?[ \t]key[ \t]+(?:\d[ \t]+)?{_ODD}",
    rf"(?i)\bpre-?shared-?(?:key|secret)[ \t]+(?:(?:local|remote)[ \t]+|{_FORM})*{_ODD}",
    r"(?i)\bsnmp(?:-server)?[ \t]+(?:v\d[ \t]+)?community[ \t]+(?:\d[ \t]+)?[\"']?([^\s\"';{]+)",
    r"(?i)\bsnmp-server[ \t]+host[ \t][^\n]*?[ \t]version[ \t]+(?:1|2c)[ \t]+[\"']?([^\s\"';]+)",
    rf"(?i)[ \t](?:auth[ \t]+(?:md5|sha\d*)|priv[ \t]+(?:des|3des|aes)(?:[ \t]+\d{{3}})?)[ \t]+{_ODD}",
    rf"(?i)\b(?:key-string|message-digest-key[ \t]+\d+|authentication-key[ \t]+\d+|auth-password|priv-password|authentication[ \t]+md5|plain-text-password-value|encrypted-password|psksecret|wpa-psk|wpa-passphrase|shared-secret)[ \t]+{_FORM}*{_ODD}",
    rf"(?im)(?:\baaa-server\b[^\n]*\n[ \t]+key[ \t]+(?:\d[ \t]+)?|^[ \t]+key[ \t]+\d[ \t]+){_ODD}",
    rf"(?i)\b\w+-(?:password|passphrase|secret|community-string|psk)[ \t]+{_FORM}*{_ODD}",
    rf"(?im)^[ \t]*set[ \t][^\n]*[ \t](?:secret|password|psk|community)[ \t]+{_FORM}*{_ODD}[\"']?[ \t]*$",
    rf"(?im)^[ \t]*set[ \t]+(?:pass|pw|pwd)[ \t]+{_ODD}",
    rf"(?i)\bset-key[ \t]+{_FORM}+{_ODD}",
    # A line that holds nothing but the word and the secret.
    rf"(?im)^[ \t]*(?:set[ \t]+)?(?:password|passwd|passphrase|secret|psk)[ \t]+{_ODD}[\"']?[ \t]*$",
)
