"""The type of a record without its secrets; apart from what masks them, which takes long to load."""

from typing import Any, NewType

SafeRecord = NewType("SafeRecord", dict[str, Any])
"""A record without its secrets; nothing but `redact.redacted_record` makes one that holds anything."""
