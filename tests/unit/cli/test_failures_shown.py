"""What is shown of a rule that failed on a record: no secret of the record, and no more than a line."""

import pytest

from trailwarden.cli.scanner import failure_text


@pytest.mark.parametrize(
    "secret",
    ["AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "hunter2-and-more", "s3cr3t-Pa55word"],
)
def test_the_secret_of_a_record_is_masked(secret: str) -> None:
    shown = failure_text("root", 2, f"ValueError: password={secret}\n\x1b[31mred")

    assert shown.startswith("rule root failed on 2 records: ValueError: password=")
    assert secret not in shown
    assert shown.isprintable()
