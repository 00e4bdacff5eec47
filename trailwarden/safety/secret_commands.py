"""Secrets that commands take at a fixed place, or from what is piped into them.

RE2's patterns; the groups that take part in a match are the secret, else all of it.
"""

# ruff: noqa: E501 (a line for each: it is a table)

from collections.abc import Sequence
from functools import lru_cache

_VALUE = r"(?:\"[^\"]+\"|'[^']+'|[^\s\"';|&<>]+)"
# An argument that is no option.
_WORD = r"(?:\"[^\"]+\"|'[^']+'|[^\s\"';|&<>-][^\s\"';|&<>]*)"
# What stands between a command and its option; a line may be continued.
_ARGUMENTS = r"(?:[^\n;|&]|[\\`^]\r?\n)*?"
_OPTIONS = r"(?:[ \t]+-[\w-]+(?:=\S+)?)*"
# Those of htpasswd: `-C` and `-r` take a number.
_COSTS = r"(?:[ \t]+-[a-zA-Z]*[Cr][ \t]+\d+|[ \t]+-[a-zA-Z]+)*"
# `user:password`, in quotes or not.
_OF_USER = r"(?:\"[^\":/]*:([^\"]+)\"|'[^':/]*:([^']+)'|[^\s:\"'/]*:([^\s\"']+))"
# What reads a secret from its standard input.
READERS = (
    r"(?:--password-stdin|--stdin\b|sudo(?:[ \t]+-\w+)*[ \t]+-\w*S|\b(?:smb|vnc|ld?ap)?passwd\b|\bcryptsetup\b|\bkinit\b"
    r"|--passphrase-fd|\bpass(?:in|out)?[ \t]+(?:stdin|fd:0)|\bhtpasswd\b|--with-token|\bsecrets?[ \t]+(?:create|set|put|add)\b"
    r"|\bsu\b[ \t]+-|\brealm[ \t]+join\b|\badcli[ \t]+join\b|\bnewusers\b|\bvault[ \t]+login[ \t]+-(?:[ \t]|$)|\bkeyring[ \t]+set\b|/dev/stdin)"
)
_LOWER_P = (
    r"(?:sshpass|oc login|docker login|podman login|helm registry login|az login|gpg|smbmap|nxc|crackmapexec|evil-winrm|useradd"
    r"|usermod|winrs|7z[az]?|unrar|rar|xfreerdp|rdesktop|winexe|psexec\w*)"
)

_USERS = (
    r"(?i)\b(?:pass(?:word|phrase|code|wort)|kennwort|mot de passe|contrase.a|clave|senha|wachtwoord)[ \t]+(?:is|was|to|ist|lautet|est|es|e)[ \t]*[:=]?[ \t]*([^\s\"']*\d[^\s\"']*)",
    r"(?i)\b(?:bearer|basic)[ \t]+([A-Za-z0-9._~+/=-]{8,})",
    # A header and its value in one text, as log routers take them.
    r"(?i)^[ \t]*(?:x-[\w-]*(?:key|token|secret|auth)|authorization[ \t]+[a-z]{3,12})[ \t]+([^\s\"']*\d[^\s\"']*)[ \t]*$",
    # https://user:password@host, https://token@host
    r"[A-Za-z][A-Za-z0-9+.-]*://[^\s:/@\"'?#]*:([^\s/\"'?#][^\s/\"']*)@",
    r"[A-Za-z][A-Za-z0-9+.-]*://([^\s:/@\"'?#]{20,})@",
    r"(?i)(?:^|[\s\"'=])(?:-u|--user|--proxy-user)[ =]?(?:\"[^\":/]*[^\":/0-9][^\":/]*:([^\"]+)\"|'[^':/]*[^':/0-9][^':/]*:([^']+)'|[^\s:\"'/]*[^\s:\"'/0-9][^\s:\"'/]*:([^\s\"']+))",
    r"\bcurl(?:\.exe)?\b(?:[^\n|]|[\\`^]\r?\n)*?\s-[a-zA-Z#0-9]*[uU][ \t=]*" + _OF_USER,
    r"\bcurl(?:\.exe)?\b(?:[^\n|]|[\\`^]\r?\n)*?\s(?:-[a-zA-Z#0-9]*b|--cookie)[ \t=]*(?:\"([^\"]*=[^\"]*)\"|'([^']*=[^']*)'|([^\s\"'=]+=[^\s\"']+))",
    r"(?i)\b(?:http|https|xh|httpie)[ \t](?:[^\n;|&]|[\\`^]\r?\n)*?\s(?:-a|--auth)[ \t=]+" + _OF_USER,
    # Oracle's tools.
    r"(?i)\b(?:sqlplus\w*|sqlcl|sqlldr|expd?p?|impd?p?|rman|dgmgrl|tnsping)(?:\.exe)?\b(?:[^\n;|&]|[\\`^]\r?\n)*?[\s\"'=][\w$#.]+/(\"[^\"]+\"|[^\s@\"'/]+)@",
    rf"(?i)\b(?:sqlplus\w*|sqlcl|dgmgrl)(?:\.exe)?{_OPTIONS}[ \t]+[\"']?[\w$#.]+/(\"[^\"]+\"|[^\s@\"'/]+)(?:[\s\"']|$)",
)
_OPTION = (
    rf"\b(?i:mysql\w*|mariadb[\w-]*|mongo\w*|cqlsh)\b{_ARGUMENTS}\s-p[ \t]*({_VALUE})",
    rf"(?i)\b(?:mysqladmin|mariadb-admin)\b{_ARGUMENTS}\spassword[ \t]+({_VALUE})",
    rf"(?i)\b{_LOWER_P}\b{_ARGUMENTS}\s[-/]h?p[ \t:]?({_VALUE})",
    rf"\b(?i:sqlcmd|bcp|osql|ipmitool|unzip|mosquitto_\w+|impacket-\w+)\b{_ARGUMENTS}\s-P[ \t]*({_VALUE})",
    rf"\b(?:zip|zipcloak)\b{_ARGUMENTS}\s-[a-zA-Z0-9]*P[ \t]*({_VALUE})",
    rf"(?i)\b(?:redis-cli|memtier_benchmark)\b{_ARGUMENTS}\s-a[ \t]+({_VALUE})",
    rf"(?i)\b(?:ldap(?:search|add|modify|whoami|passwd|delete)|plink|pscp|psftp|kadmin)\b{_ARGUMENTS}\s-p?[ws][ \t]+({_WORD})",
    rf"(?i)\b(?:smbclient|rpcclient|net rpc|net ads|wmic?exec|winexe)\b{_ARGUMENTS}-U[ \t]*[\"']?[^\s%]+%({_VALUE})",
    rf"\bsnmp(?:walk|get|set|bulk\w*|trap)\b{_ARGUMENTS}\s-[cAX][ \t]*({_VALUE})",
    rf"\bopenssl\b{_ARGUMENTS}\s-(?:k|K|hmac)[ \t]+({_VALUE})",
    rf"\bopenssl\b{_ARGUMENTS}\s-macopt[ \t]+(?:hex)?key:({_VALUE})",
    r"(?i)-pass(?:in|out|word)?[ \t]+[\"']?pass:([^\s\"']+)",
    rf"(?i)\bopenssl[ \t]+passwd(?:[ \t]+-salt[ \t]+\S+|[ \t]+-[\w-]+)*[ \t]+({_WORD})",
    rf"(?i)--from-literal[ =][\"']?[^\s=\"']+=({_VALUE})",
    rf"(?i)\bconfigure[ \t]+set[ \t]+\S*(?:secret|token|password|key)\S*[ \t]+({_VALUE})",
    rf"(?i)\b(?:put-parameter|create-api-key|update-api-key|write-ssmparameter|keyvault[ \t]+secret[ \t]+set)\b{_ARGUMENTS}\s--?value[ \t=]+({_VALUE})",
    rf"(?i)\b(?:gh|glab)[ \t]+secret[ \t]+set\b{_ARGUMENTS}\s(?:-b|--body)[ \t=]*({_VALUE})",
    rf"(?i)\bcryptsetup\b{_ARGUMENTS}<<<[ \t]*({_VALUE})",
    rf"(?i)\b(?:cmdkey|runas|netdom)\b{_ARGUMENTS}/p(?:ass(?:word)?)?[do]?(?::|[ \t]+)({_VALUE})",
    rf"(?i)\bschtasks\b{_ARGUMENTS}\s/rp[ \t]+({_VALUE})",
)
_POSITIONAL = (
    r"(?i)\bnet1?(?:\.exe)?[ \t]+user(?:[ \t]+/[\w:]+)*[ \t]+[^\s/\"'][^\s\"']*[ \t]+([^\s/*\"']+|\"[^\"]+\")",
    r"(?i)\bnet1?(?:\.exe)?[ \t]+user(?:[ \t]+/[\w:]+)*[ \t]+\"[^\"]+\"[ \t]+([^\s/*\"']+|\"[^\"]+\")",
    r"(?i)\bnet1?(?:\.exe)?[ \t]+use[ \t]+(?:\S+[ \t]+)?\\\\\S+[ \t]+([^\s/*\"']+|\"[^\"]+\")[ \t]+[^\n]*/u(?:ser)?:",
    rf"(?i)\bnet1?(?:\.exe)?[ \t]+use[ \t]+[^\n]*?/user:{_VALUE}[ \t]+([^\s/\"']+|\"[^\"]+\")",
    rf"(?i)\bconvertto-securestring(?:[ \t]+-\w+)*[ \t]+({_WORD})",
    r"(?i)(\"[^\"]+\"|'[^']+')[ \t]*\|[ \t]*convertto-securestring\b",
    rf"(?i)\bNetworkCredential[\"'\]]?(?:::new)?[ \t]*\([ \t]*{_VALUE}[ \t]*,[ \t]*(\"[^\"]+\"|'[^']+'|[^\s\"',)]+)",
    rf"\bhtpasswd{_COSTS}[ \t]+-[a-zA-Z]*n[a-zA-Z]*{_COSTS}[ \t]+{_WORD}[ \t]+({_VALUE})",
    rf"\bhtpasswd{_COSTS}[ \t]+{_WORD}[ \t]+{_WORD}[ \t]+({_VALUE})",
    rf"(?i)\brabbitmqctl\b{_OPTIONS}[ \t]+(?:add_user|change_password|authenticate_user)[ \t]+{_VALUE}[ \t]+({_VALUE})",
    rf"(?i)\b(?:vault|doppler|flyctl|heroku)[ \t]+(?:login|auth)[ \t]+(?:-[\w=-]+[ \t]+)*({_WORD})",
    rf"(?i)\bvault[ \t]+(?:kv[ \t]+(?:put|patch)|write){_OPTIONS}[ \t]+[\w./-]+[ \t]+([^\n;|&]*=[^\n;|&]*)",
    rf"(?i)\bchamber[ \t]+write{_OPTIONS}[ \t]+{_WORD}[ \t]+{_WORD}[ \t]+({_VALUE})",
    rf"(?i)\b(?:requirepass|masterauth)[ \t]+({_VALUE})",
    r"(?i)\blogin[ \t\r\n]+\S+[ \t\r\n]+(?:account[ \t\r\n]+\S+[ \t\r\n]+)?password[ \t\r\n]+(\S+)",
    r"(?m)^[\w.*-]+:(?:\d{2,5}|\*):[^:\s]+:[^:\s]+:(\S+)$",
)
_SQL = (
    r"(?i)\b(?:(?:create|alter)[ \t]+(?:user|role)[ \t]+\S+|connect[ \t]+to[ \t]+\S+)[ \t]+identified[ \t]+by[ \t]+([^\s\"';]+)",
    r"(?i)\b(?:aes_(?:en|de)crypt|pgp_sym_(?:en|de)crypt(?:_bytea)?)[ \t]*\([^,()]*,[ \t]*'([^']+)'",
    r"(?i)\bcrypt[ \t]*\([ \t]*'([^']+)'[ \t]*,",
)
_SAYS = r"(?i)\b(?:echo|printf|print|write-output|yes)[ \t]+(?:-\w+[ \t]+)*"
_ODD = r"[^\s\"';]*[0-9$!@#%^&*][^\s\"';]*"
_PIPED = (
    rf"{_SAYS}[\"']?[\w.-]+:([^\s\"'|]+)[\"']?[ \t]*\|[ \t]*(?:sudo[ \t]+)?(?:/\S*/)?chpasswd",
    rf"{_SAYS}[^\n;|&]*?[ \t]({_VALUE})[ \t]*\|[ \t]*(?:sudo[ \t]+)?(?:/\S*/)?chpasswd",
    rf"{_SAYS}({_VALUE})[ \t]*(?:;|&&)[^\n|]*\|{_ARGUMENTS}{READERS}",
    r"(?i)\bchpasswd\b[^\n;|&<]*<<<[ \t]*[\"']?[\w.-]+:([^\s\"']+)",
    rf"{_SAYS}(?:[\"']?(?:%[sb]|\\+n)*[\"']?[ \t]+)?({_VALUE})(?:[ \t]+({_VALUE}))?[ \t]*\|(?:[^\n;&]|[\\`^]\r?\n)*?{READERS}",
    rf"(?i){READERS}{_ARGUMENTS}<<<[ \t]*({_VALUE})",
    rf"(?i)<<<[ \t]*({_VALUE})[ \t]*\|{_ARGUMENTS}{READERS}",
)
# What is written into a file, and which: `echo x > /run/secrets/db`, and cloud-init's `write_files`.
WRITTEN = rf"{_SAYS}(?:[\"']?(?:%[sb]|\\+n)+[\"']?[ \t]+)?({_VALUE})[ \t]*(?:>>?|\|[ \t]*(?:sudo[ \t]+)?tee\b(?:[ \t]+-\w+)*)[ \t]*[\"']?([^\s\"';|&<>]+)"
WRITTEN_BELOW = (
    r"(?m)^[ \t-]*path:[ \t]*[\"']?([^\s\"']+)[\"']?[ \t]*\r?\n(?:[ \t]+(?:owner|permissions|encoding|append|defer):[^\n]*\n)*"
    r"[ \t]+content:[ \t]*(?:[|>][+-]?[ \t]*\r?\n)?([^\n]+(?:\n[ \t]{4,}[^\n]+)*)"
)
# What asks for a password, and what is sent to it then: `expect`, and its like in other languages.
_ASKED = (
    r"(?i)(?:assword|assphrase|asscode|asswort|contrase.a|mot de passe)[^\n\"'}]{0,60}[\"'}][^\"'{]*?\{?[^\"'{]*?\bsend(?:_?line)?\b[ \t(]*(?:--?\w*[ \t]+)*(?:[\"'{]([^\"'{}\\]+)|([^\s\"'{}\\;()-][^\s\"'{}\\;()]*))",
    r"(?i)\.(?:auth|authenticate)[ \t]*\([ \t]*(?:(?:\"[^\"]*\"|'[^']*')[ \t]*,[ \t]*)?(?:\"([^\"]+)\"|'([^']+)')[ \t]*\)",
    r"(?i)\b(?:getConnection|mysqli?(?:_connect)?|PDO)[ \t]*\([^,()]*,[ \t]*(?:\"[^\"]*\"|'[^']*'|[\w.$]+)[ \t]*,[ \t]*(?:\"([^\"]+)\"|'([^']+)')",
    r"(?i)\.login[ \t]*\([ \t]*(?:\"[^\"]*\"|'[^']*'|[\w.]+)[ \t]*,[ \t]*(?:\"([^\"]+)\"|'([^']+)')",
)
_OTHERS = (
    rf"(?i)\bmount\b{_ARGUMENTS}user(?:name)?=[^\s%,]+%([^\s,]+)",
    rf"(?i)\brclone[ \t]+config[ \t]+(?:create|update)\b{_ARGUMENTS}[ \t]\w*(?:pass|secret|token)\w*[ \t=]+({_VALUE})",
    rf"\bssh-keygen\b{_ARGUMENTS}\s-[NP][ \t]*({_VALUE})",
    rf"\bnmcli\b{_ARGUMENTS}\s(?:[\w-]+\.)?(?:password|psk|wep-key\d?)[ \t]+({_VALUE})",
    rf"\bwpa_passphrase[ \t]+{_WORD}[ \t]+({_VALUE})",
    # ipsec.secrets: `bob : XAUTH "x"`
    r"(?m)(?:^|[\s:\"'])(?:PSK|XAUTH|EAP|NTLM)[ \t]+\"([^\"\n]+)\"",
    r"(?m)^[ \t]*stringData:[ \t]*\r?\n((?:[ \t]+[^\n]*(?:\n|$))+)",
    r"(?i)\bacl[ \t]+setuser\b[^\n;]*?[ \t][\"']?[><#]([^\s\"']+)",
    rf"(?m)^[ \t]*AUTH[ \t]+(?:\S+[ \t]+)?({_ODD})[ \t]*$",
    # sed -i s/__PASSWORD__/x/
    *(
        rf"(?i)\bs[{mark}][^{mark}\n]*(?:passw|secret|token|api_?key)[^{mark}\n]*[{mark}]([^{mark}\n]*[0-9!@#$%^*][^{mark}\n]*)[{mark}]"
        for mark in "/|#"
    ),
)
COMMANDS = (*_USERS, *_OPTION, *_POSITIONAL, *_SQL, *_PIPED, *_ASKED, *_OTHERS)

_BY_PLACE = frozenset(
    {
        "net",
        "net1",
        "vault",
        "doppler",
        "flyctl",
        "heroku",
        "rabbitmqctl",
        "htpasswd",
        "chamber",
        "openssl",
        "aws",
    }
    | {
        "sqlplus",
        "sqlplusw",
        "sqlcl",
        "sqlldr",
        "exp",
        "expdp",
        "imp",
        "impdp",
        "rman",
        "dgmgrl",
        "tnsping",
        "mysqladmin",
    }
    | {
        "mariadb-admin",
        "setx",
        "setenv",
        "env",
        "cmdkey",
        "runas",
        "netdom",
        "schtasks",
        "requirepass",
        "masterauth",
    }
)
"""Commands that take a secret without an option that begins with a hyphen."""
_OPAQUE = str.maketrans(dict.fromkeys(" \t\r\n;|&<>'\"`\\", "_"))
"""What ends a word in a command line; within a word of a list it does not, and any other character will do."""


def is_command(words: Sequence[str]) -> bool:
    """Whether a list of words may be a command: with options, or one that takes secrets without."""
    for word in words:  # noqa: SIM110 (a plain loop is faster, and each list of each record is asked)
        if word[:1] == "-" or (len(word) <= _LONGEST and _takes_secrets(word)):
            return True
    return False


_LONGEST = 80


@lru_cache(maxsize=2048)
def _takes_secrets(word: str) -> bool:
    """Whether a command, whatever folder it is in, takes a secret without an option."""
    return word.rpartition("/")[2].lower().removesuffix(".exe") in _BY_PLACE


def as_line(words: Sequence[str]) -> str:
    """The words of a command as one line, in which each is as long as it was and stays one."""
    return " ".join(word.translate(_OPAQUE) for word in words)
