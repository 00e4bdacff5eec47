"""What people call a password in languages other than English.

Words are compared as `lookalikes.legible` writes them, with and without their letters composed: macOS writes
them apart.
"""

# ruff: noqa: E501 (a line for each: it is a table)

import re
import unicodedata

from trailwarden.safety.lookalikes import legible

ENDINGS = (
    r"mots?depasse|passwort|passwoerter|kennwort|kennwoerter|contrasenas?|contrasenya|contrasinal|wachtwoord(?:en)?"
    r"|losenord|adgangskode|kodeord|passord|lykilord|salasana|jelszo|senhas?|palavrapasse|paroladordine|paroladaccesso"
    r"|codeacces|codedacces|matkhau|katasandi|katalaluan|lozinka|slaptazodis|pasahitza|fjalekalimi"
)
"""In Latin letters, with which a name may end."""
ALONE = frozenset(
    {"mdp", "clave", "parola", "haslo", "hasla", "sifre", "sifresi", "sifreniz", "sifrem", "heslo", "geslo"}
    | {"parool", "parole", "jeton", "geheimnis"}
)
"""Shorter ones, which must be the last word of a name: `enclave` is no `clave`."""
HINT = (
    r"mdp|jeton|geheimnis|kennw|contrase|contrasi|clave|senha|wachtw|losenord|adgangskode|kodeord|lykilord|salasana|jelszo|haslo|hasla"
    r"|sifre|heslo|geslo|parola|parool|parole|matkhau|katasandi|katalaluan|lozinka|slaptazodis|fjalekalimi"
)
"""For names in a text, as RE2's pattern."""
_WORDS = (
    # Cyrillic (with its cases), Greek, Georgian, Armenian, Hebrew, Arabic, Persian, Hindi, Thai
    *("парол", "лозинк", "пин-код", "токен", "секретный ключ", "κωδικός", "κωδικός πρόσβασης", "συνθηματικό", "პაროლი", "գաղտնաբառ", "סיסמה", "סיסמא"),
    *("كلمة المرور", "كلمة السر", "كلمة مرور", "رمز عبور", "گذرواژه", "पासवर्ड", "รหัสผ่าน"),
    # Japanese, Chinese, Korean
    *("パスワード", "ﾊﾟｽﾜｰﾄﾞ", "暗証番号", "パスフレーズ", "密码", "密碼", "口令", "密钥", "密鑰", "令牌", "秘密鍵", "トークン"),
    *("비밀번호", "암호", "패스워드", "토큰"),
)  # fmt: skip
_OF = r"for|of|de|del|de la|do|da|du|des|pour|para|per|di|von|fur|vom|van|voor|" + "|".join(
    map(legible, ("от", "для", "к"))
)
_PHRASES = r"mots? de passe|code d'acc[eè]s|parola d'(?:ordine|accesso)|palavra[ -]passe|kata (?:sandi|laluan)|mat khau|codigo de acceso|cle secrete|(?:clave|chave) secreta"


def _spellings(word: str) -> set[str]:
    return {legible(unicodedata.normalize(form, word)) for form in ("NFC", "NFKC", "NFD")}


_FOREIGN = "|".join(sorted({re.escape(written) for word in _WORDS for written in _spellings(word)}))
_CASES = "[\u0430-\u044fa-z]"
ASSIGNED = rf"(?i)((?:{_FOREIGN}){_CASES}{{0,3}}|\b(?:{_PHRASES}))[\"'`\\\]]*\s*(?:=>|:=|==|=|:|>)"
"""Such a name and its sign in a text, as RE2's pattern."""
_PRINTED = r"[\"'「«]?([!-~]*[0-9!@#$%^&*][!-~]*)"
SPOKEN = (
    # 密码是 x, 비밀번호는 x, пароль x
    rf"(?i)(?:{_FOREIGN})(?:{_CASES}{{0,3}}[ \t-]+|(?:是|为|為|は|が|는|은|이)[ \t]*){_PRINTED}",
    # password for root: x
    (
        rf"(?i)(?:{_FOREIGN}|\b(?:{_PHRASES}|password|passphrase|passwort|kennwort|contrasena|senha|clave|wachtwoord))"
        rf"{_CASES}{{0,3}}[ \t]+(?:(?:{_OF})[ \t]+(?:[^\s:=]{{1,40}}[ \t]+){{0,2}}[^\s:=]{{1,40}}|root|admin\w*|wi-?fi|ssh|db)[ \t]*[:=][ \t]*{_PRINTED}"
    ),
)
"""Sentences that say one, as RE2's patterns."""
_NAMED = re.compile(rf"(?:{_FOREIGN}){_CASES}{{0,3}}[\W\d_]{{0,9}}$")


def is_password_abroad(name: str) -> bool:
    """Whether a name in other letters than Latin says that its value is a password; `name` is legible."""
    return _NAMED.search(name.lower()) is not None
