"""One record that the decoder refuses, made into JSON that it takes, where that loses next to nothing.

Whoever can put an odd character into a user agent must not be able to hide a record that way.
"""

import json
import math
import sys


def mend(record: bytes) -> bytes:
    """The record as strict JSON.

    Bytes that are no UTF-8 and lone surrogates become U+FFFD; raw control characters in strings are
    escaped; numbers that no float or integer of ours holds, NaN and Infinity become their own text.

    Raises:
        ValueError: it is not JSON in a wider sense either.
        RecursionError: it nests too deep.
    """
    value = json.loads(
        record.decode("utf-8", "replace"),
        strict=False,  # raw control characters
        parse_float=_float,
        parse_int=_integer,
        parse_constant=str,
    )
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # Through UTF-16, the halves of a surrogate pair find each other, and only lone ones are replaced.
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def _float(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else text


def _integer(text: str) -> int | str:
    limit = sys.get_int_max_str_digits() or sys.maxsize
    # The decoder refuses earlier than int() does; what is no 64-bit number is no count or size of AWS's.
    return int(text) if len(text) <= min(limit, 20) else text
