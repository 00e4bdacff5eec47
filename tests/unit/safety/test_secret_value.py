"""A secret's value is one word of its language: no prefix, joint or bracket ends what is masked."""

import json

import pytest

from trailwarden.safety.redact import redacted, redacted_text

SECRET = "Corr3ct-Horse"
PREFIXED = [
    f"CREATE LOGIN x WITH PASSWORD = N'{SECRET}'",
    f"export DB_PASSWORD=$'{SECRET}'",
    f"PASSWORD = E'{SECRET}'",
    f"password = b'{SECRET}'",
    f"password = rb'{SECRET}'",
    f'password = f"{SECRET}"',
    f'string password = @"{SECRET}";',
    f'string password = $"{SECRET}";',
    f'string password = $@"{SECRET}";',
    f"PASSWORD = _utf8'{SECRET}'",
    f"PASSWORD = _utf8mb4'{SECRET}'",
    f"PASSWORD = x'{SECRET}'",
    f"password := `{SECRET}`",
    f'let password = r#"{SECRET}"#;',
    f'password = u8"{SECRET}"',
    f"password = %q({SECRET})",
    f"password = %Q[a {SECRET}]",
    f"password = %w(a {SECRET})",
    f"password = q'[{SECRET}]'",
    f"$password = @'\n{SECRET}\n'@",
    f'$password = @"\n{SECRET}\n"@',
    f"PASSWORD=<<EOF\n{SECRET}\nEOF",
    f"password = <<~'TEXT'\n  {SECRET}\nTEXT",
    f"$password = <<<'X'\n{SECRET}\nX;",
    f'password: !!str "{SECRET}"',
    f"password: !!binary {SECRET}",
    f'password: !Sub "{SECRET}"',
    f"password: !Sub |\n  {SECRET}\n",
    f"password: !Join ['', [a, '{SECRET}']]",
    f"password: !<tag:yaml.org,2002:str> '{SECRET}'",
    f'password: &anchor "{SECRET}"',
    f"password: &anchor {SECRET}",
    f'password = new String("{SECRET}")',
    f"password = Secret('{SECRET}')",
    f"password = await f('a', '{SECRET}')",
    f'password = ("{SECRET}")',
    f"--password \\\n  {SECRET}",
    f"--password `\n  {SECRET}",
    f"--password ^\n  {SECRET}",
]
JOINED = [
    f"IDENTIFIED BY 'it''s {SECRET}'",
    f"password: 'it''s {SECRET}'",
    f"PASSWORD='a'\\''{SECRET}'",
    f"PASSWORD='a'\"'\"'{SECRET}'",
    f'PASSWORD="a"{SECRET}',
    f"PASSWORD=''{SECRET}",
    f'PASSWORD=abc"{SECRET}"',
    f'PASSWORD="a"$X"{SECRET}"',
    f'PASSWORD="a".{SECRET}',
    f'password = "a" + "{SECRET}"',
    f'password = "a" +\n    "{SECRET}"',
    f'password = "a"\n  + "{SECRET}"',
    f"password = 'a' || '{SECRET}'",
    f'password = "a" & "{SECRET}"',
    f'$password = "a" . "{SECRET}";',
    f"password = 'a' .. '{SECRET}'",
    f'password = "a" <> "{SECRET}"',
    f'password = "a" "{SECRET}"',
    f'password = x + "{SECRET}"',
    f'password = os.environ.get("X") or "{SECRET}"',
    f"password = x ? 'a' : '{SECRET}'",
    f'password = x ?? "{SECRET}"',
    f'Authorization: Digest username="x", response="{SECRET}"',
]
BRACKETED = [
    f'password=["a]","{SECRET}"]',
    f'passwords: [ "a", "b]{SECRET}" ]',
    f"password: {{value: {SECRET}}}",
    f'password={{"v":"{SECRET}"}}',
    f'"password": {{"S": "{SECRET}"}} x',
    f'passwords = [\n  "a",\n  "{SECRET}",\n]',
    f"password=${{X:-a {SECRET}}}",
    f"password=$(echo {SECRET})",
    f'password = {{"a": ["}}", "{SECRET}"]}}',
    f"password=[a, {SECRET}",
]
BELOW = [
    f"DbPassword:\n    Type: String\n    Default: {SECRET}\n",
    f"  MasterUserPassword:\n    Fn::Sub: '{SECRET}'\n",
    f"  MasterUserPassword:\n    {SECRET}\n",
    f"passwords:\n  - a\n  - {SECRET}\n",
    f"tokens:\n  - name: ci\n    value: {SECRET}\n",
]


@pytest.mark.parametrize("text", [*PREFIXED, *JOINED, *BRACKETED, *BELOW])
@pytest.mark.parametrize("around", ["{}", "one line\n{}\nand more", "{} and more"])
def test_all_of_the_word_is_masked(text: str, around: str) -> None:
    safe = redacted_text(around.replace("{}", text))
    assert SECRET not in safe
    assert redacted_text(safe) == safe, "masking twice changes nothing"


@pytest.mark.parametrize("text", [*PREFIXED, *JOINED, *BRACKETED, *BELOW])
def test_all_of_the_word_is_masked_within_json_that_is_cut_off(text: str) -> None:
    cut_off = json.dumps({"a": {"cmd": text, "region": "eu-west-1"}})[:-1]
    assert SECRET not in redacted_text(cut_off)
    assert SECRET not in str(redacted({"note": json.dumps({"cmd": text})}))


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ('run "app --password=x1" --region "eu west"', 'run "app --password=***" --region "eu west"'),
        ("sh -c 'app --password=x1' && echo 'done'", "sh -c 'app --password=***' && echo 'done'"),
        ('{"cmd": "--password x1", "region": "eu"', '{"cmd": "--password ***", "region": "eu"'),
        ("IDENTIFIED BY 'x1', ROLE 'admin'", "IDENTIFIED BY '***', ROLE 'admin'"),
        ('<add password="x1" user="bob"/>', '<add password="***" user="bob"/>'),
        ('password = "x1"; user = "bob"', 'password = "***"; user = "bob"'),
        ("f(password='x1', user='bob')", "f(password='***', user='bob')"),
        ("mysql --password 'x1' || exit 1", "mysql --password '***' || exit 1"),
        ('password = N"x1" and more', "password = *** and more"),
        ('--password "x1" --user "bob"', '--password "***" --user "bob"'),
        (
            "DbPassword:\n  Type: String\n  Default: x1\nUser:\n  Default: bob\n",
            "DbPassword:\n  Type: String\n  Default: ***\nUser:\n  Default: bob\n",
        ),
    ],
)
def test_what_stands_after_the_word_stays(text: str, safe: str) -> None:
    assert redacted_text(text) == safe


@pytest.mark.parametrize(
    "text",
    [
        "password: !Ref DbPassword",
        "password: !GetAtt Secret.Value",
        'password: !Sub "{{resolve:secretsmanager:${Secret}:SecretString:password}}"',
        'password: !Sub "${Password}"',
        "password={{ vault_password }} user=bob",
        "DbPassword:\n  Type: String\n  NoEcho: true\n  MinLength: 8\n  Description: of the database\n",
        "password: !ImportValue shared-password",
        "password = $(aws secretsmanager get-secret-value --secret-id db)",
    ],
)
def test_a_reference_stays_behind_a_prefix(text: str) -> None:
    assert redacted_text(text) == text
