"""Characters that pass for Latin letters, or for nothing: what a name is read as, whatever it is written in.

People copy full-width and Cyrillic letters and zero-width characters without noticing, and others write them
to get past a search. Only what is compared is changed, never what is shown.
"""

import re
import unicodedata
from functools import cache

# https://www.unicode.org/Public/security/latest/confusables.txt: the letters of other scripts that look like
# Latin ones in most fonts.
_CONFUSABLE = dict(
    zip(
        # Cyrillic, Greek, Armenian, Latin extensions
        "авекмнорстухіјѕԁһԛԝӏѵґАВЕКМНОРСТУХІЈЅԌԚԜαβεικνορτυχωΑΒΕΖΗΙΚΜΝΟΡΤΥΧօսհոıɡɑɩʏᴏᴋᴛłŁøØđĐħŧ",
        "abekmhopctyxijsdhqwlvrABEKMHOPCTYXIJSGQWabeikvoptuxwABEZHIKMNOPTYXouhnigaiyoktlLoOdDht",
        strict=True,
    )
)
# Accented and full-width letters, ligatures apart; letters in circles; mathematical letters.
_COMPATIBLE = ((0xC0, 0x250), (0x1E00, 0x1F00), (0x2460, 0x24EA), (0xFF10, 0xFF5B), (0x1D400, 0x1D800))
_SIGNS = {
    "\uff3f": "_",
    "\uff0d": "-",
    "\uff1d": "=",
    "\uff1a": ":",
    "\uff0e": ".",
    "\ufe55": ":",
    "\ufe66": "=",
    "\u2236": ":",
    **dict.fromkeys("\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a", " "),
    **dict.fromkeys("\u2028\u2029\u202f\u205f\u3000", " "),
}
# Format characters, joiners and fillers that take no room, variation selectors, combining marks.
INVISIBLE = re.compile(
    "[\u00ad\u0300-\u036f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]"
)


@cache
def _letters() -> dict[int, str]:
    found = {ord(char): letter for char, letter in (_CONFUSABLE | _SIGNS).items()}
    for first, last in _COMPATIBLE:
        for number in range(first, last):
            letter = unicodedata.normalize("NFKD", chr(number))[:1]
            if letter.isascii() and letter.isalnum():
                found[number] = letter
    return found


def with_latin_letters(text: str) -> str:
    """The text, as long as before, with a Latin letter for each character that looks like one."""
    return text if text.isascii() else text.translate(_letters())


def legible(name: str) -> str:
    """The name as people read it."""
    return INVISIBLE.sub("", with_latin_letters(name))
