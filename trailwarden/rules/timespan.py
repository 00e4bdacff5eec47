"""Sigma's timespans: a number and s, m, h or d.

https://github.com/SigmaHQ/sigma-specification (correlation rules, timespan)
"""

import re

DAY = 86_400
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": DAY}
_TIMESPAN = re.compile(r"([1-9][0-9]{0,8})([smhd])")


def timespan_seconds(text: object) -> int | None:
    """`30m` as seconds; None where it is no timespan."""
    found = _TIMESPAN.fullmatch(text) if isinstance(text, str) else None
    return int(found[1]) * _UNITS[found[2]] if found else None
