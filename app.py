"""The CDK app of cdk.json, which the `python3` of any shell can start.

What it needs is in the environment that `make setup` makes: the app goes on in there, unless an environment
that has everything is active. Old versions of Python must be able to read this file, to say what they are.
"""

import os
import sys
from pathlib import Path

OLDEST = (3, 11)
FOLDER = Path(__file__).resolve().parent
ENVIRONMENT = FOLDER / ".venv"


def main() -> int:
    """Synthesize; its exit status."""
    # Node.js 20 is good enough, and its end is no news of Trailwarden's (the Makefile says the same).
    os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")
    os.environ.setdefault("JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION", "1")
    python = ENVIRONMENT / "bin" / "python"
    outside = python.exists() and Path(sys.prefix).resolve() != ENVIRONMENT.resolve()
    is_active = sys.prefix != sys.base_prefix
    if outside and (not is_active or what_is_missing()):
        os.execv(str(python), [str(python), str(FOLDER / "app.py"), *sys.argv[1:]])  # noqa: S606 (our own)
    missing = what_is_missing()
    if missing:
        sys.stderr.write(f"{missing} in {sys.executable}. Run `make setup` in {FOLDER}, then try again.\n")
        return 1
    from infra.synthesis import synthesize  # noqa: PLC0415 (not before it is known that it can be read)

    return synthesize()


def what_is_missing() -> str:
    """What keeps the app from running in this Python; empty if nothing does."""
    if sys.version_info < OLDEST:
        return f"Trailwarden needs Python 3.{OLDEST[1]} or newer; there is 3.{sys.version_info[1]}"
    try:
        import aws_cdk  # noqa: F401, PLC0415 (tried here)
        import cdk_nag  # noqa: F401, PLC0415
        import msgspec  # noqa: F401, PLC0415
    except ImportError as error:
        return f"The module {error.name} is missing"
    return ""


if __name__ == "__main__":
    sys.exit(main())
