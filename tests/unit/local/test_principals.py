"""Who a session is to policies: its role, as AWS has it."""

import pytest

from local.emulation.principals import role_arn


@pytest.mark.parametrize(
    ("principal", "seen"),
    [
        (
            "arn:aws:sts::111122223333:assumed-role/trailwarden-publish-rules/session",
            "arn:aws:iam::111122223333:role/trailwarden-publish-rules",
        ),
        ("arn:aws:iam::111122223333:user/somebody", "arn:aws:iam::111122223333:user/somebody"),
        ("*", "*"),
    ],
)
def test_a_session_is_its_role(principal: str, seen: str) -> None:
    assert role_arn(principal) == seen
