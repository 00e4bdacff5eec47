"""What a figure was measured on."""

import contextlib
import os
import platform
from pathlib import Path


def machine() -> str:
    """Processor, cores, system and Python, in one line."""
    name = platform.machine()
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    return f"{name}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
