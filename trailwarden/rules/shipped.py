"""Where the shipped rules lie."""

from pathlib import Path


def shipped_rules_path() -> Path:
    """The folder of the rules that ship: beside the code in an installed package, at the repository's
    root in a checkout. Raises `FileNotFoundError` where neither is."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "_shipped_rules", package.parent / "rules"):
        if folder.is_dir():
            return folder
    raise FileNotFoundError("the shipped rules are not installed; install Trailwarden again, or name --rules")


def ships(file: Path) -> bool:
    """Whether a file is one of the shipped rules', and so Trailwarden's own word and no team's."""
    try:
        return file.resolve().is_relative_to(shipped_rules_path().resolve())
    except FileNotFoundError:
        return False
