"""Variables of environments are masked in templates and command lines too; their names stay."""

import pytest

from trailwarden.safety.redact import redacted_text

# ruff: noqa: E501 (a line for each: it is a table)

SECRET = "Corr3ctHorse"
ENVIRONMENTS = [
    f"F:\n  Properties:\n    Environment:\n      Variables:\n        ANY: {SECRET}\n        B: {SECRET}\n    Handler: x.y\n",
    f"    Environment: # all of it\n      Variables:\n\n        ANY: '{SECRET}'\n    Handler: x.y\n",
    f"    Environment:\n      Variables:\n        ANY: !Sub \"a{SECRET}\"\n    Handler: x.y\n",
    f"    Environment:\n      Variables:\n        ANY: |\n          {SECRET}\n    Handler: x.y\n",
    f"    Environment:\n      Variables:\n        ANY:\n          Fn::Sub: {SECRET}\n    Handler: x.y\n",
    f"      - Name: web\n        Environment:\n          - Name: ANY\n            Value: {SECRET}\n        Handler: x.y\n",
    f"      - Name: web\n        Environment:\n          - Value: {SECRET}\n            Name: ANY\n        Handler: x.y\n",
    f"services:\n  web:\n    environment:\n      ANY: {SECRET}\n    Handler: x.y\n",
    f"services:\n  web:\n    environment:\n      - ANY={SECRET}\n    Handler: x.y\n",
    f"  containers:\n  - env:\n    - name: ANY\n      value: {SECRET}\n    Handler: x.y\n",
    f"version: 0.2\nenv:\n  variables:\n    ANY: {SECRET}\nHandler: x.y\n",
    f"Environment:\n  ComputeType: X\n  EnvironmentVariables:\n    - Name: ANY\n      Value: {SECRET}\nHandler: x.y\n",
    f"x --environment Variables={{ANY={SECRET},B=c}} --handler x.y",
    f"x --environment 'Variables={{ANY={SECRET},B=c}}' --handler x.y",
    f"a:\n  Environment: {{Variables: {{ANY: '{SECRET}'}}}}\n  Handler: x.y\n",
    f"a:\r\n  environment:\r\n    ANY: {SECRET}\r\n  Handler: x.y\r\n",
    f'"Environment": {{"Variables": {{"ANY": "{SECRET}"}}}}, "Handler": "x.y", …',
]  # fmt: skip
INNOCENT = [
    "Tags:\n  Environment: production\n  Team: payments\n",
    "Environment: !Ref Stage\nHandler: x.y\n",
    "env:\n  parameter-store:\n    ANY: /prod/any\n  secrets-manager:\n    B: prod/b:password\nphases: x\n",
    "    Environment:\n      Variables:\n        TABLE: !Ref Table\n        ARN: !GetAtt Table.Arn\n    Handler: x.y\n",
    "    Environment:\n      Variables:\n        TABLE:\n          Ref: Table\n    Handler: x.y\n",
    "    env:\n    - name: ANY\n      valueFrom:\n        secretKeyRef:\n",
    "Environment:\n  ComputeType: BUILD_GENERAL1_SMALL\n  Image: aws/codebuild/standard:7.0\n",
    "The environment: all of it is down\nnext line of prose",
]  # fmt: skip


@pytest.mark.parametrize("text", ENVIRONMENTS)
def test_values_of_variables_are_masked_and_all_else_stays(text: str) -> None:
    safe = redacted_text(text)
    assert SECRET not in safe
    assert "ANY" in safe
    assert "x.y" in safe
    assert redacted_text(safe) == safe, "masking twice changes nothing"


@pytest.mark.parametrize("text", INNOCENT)
def test_what_only_refers_or_describes_stays(text: str) -> None:
    assert redacted_text(text) == text
