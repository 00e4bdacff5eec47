"""How an alert is written for machines: known by name to whoever only passes the choice on."""

from enum import StrEnum


class Form(StrEnum):
    """How an alert is written for machines."""

    ALERT = "alert"
    OCSF = "ocsf"
    CHAT = "chat"
