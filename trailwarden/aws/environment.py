"""A function's environment, read and checked once, at its start."""

from collections.abc import Mapping

from trailwarden.errors import SettingsError


def read_environment(environ: Mapping[str, str], *names: str) -> dict[str, str]:
    """The named variables. Raises `SettingsError` that names every one that is missing or empty."""
    missing = [name for name in names if not environ.get(name)]
    if missing:
        raise SettingsError([f"the environment variable {name} is missing" for name in missing])
    return {name: environ[name] for name in names}
