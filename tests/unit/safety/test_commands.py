"""Secrets that commands and SQL take at a fixed place, and names that are disguised or say too little."""

# ruff: noqa: E501, SIM905 (a line for each: it is a table)

import pytest

from trailwarden.safety.names import is_secret
from trailwarden.safety.redact import redacted_text

SECRET = "Corr3ct-Horse"
SECRETS = [
    "sqlplus64 -L scott/{S}@//h/x",
    "SECRET_ACCESS_KEY '{S}'",
    'x session_token /* c */ "{S}"',
    "SET PASSWORD FOR 'u'@'%' = '{S}'",
    "ALTER USER u IDENTIFIED /* x */ BY '{S}'",
    "ALTER USER u IDENTIFIED -- x\n BY '{S}'",
    "ALTER USER u PASSWORD /* x */ '{S}'",
    "ALTER USER scott IDENTIFIED BY {S}",
    "SELECT AES_ENCRYPT(a, '{S}')",
    "PASSWORD = /* c */ '{S}'",
    "aws ssm put-parameter --name /x --type SecureString --value {S}",
    "aws ssm put-parameter \\\n --value {S}",
    "aws apigateway create-api-key --value {S}",
    "keytool -genkey -storepass {S} -keypass {S}",
    "openssl rsa -in x -passin pass:{S}",
    "openssl enc -k {S} -in x",
    "openssl passwd -1 -salt ab {S}",
    "zip -rP {S} a b",
    "unzip -P {S} a",
    "mysqladmin -u root password {S}",
    "mysql \\\n  -p{S} db",
    "curl -sSLu u:{S} https://x",
    'curl -u "u:a {S}" https://x',
    "curl -sb 'sid={S}; a=b' https://x",
    "sqlplus -S u/{S}@db",
    "sqlplus u/{S}",
    "sqlldr userid=u/{S}@db",
    "printf '%s\\n' 'a {S}' | docker login -u u --password-stdin",
    "docker login --password-stdin <<< {S}",
    "echo {S} | sudo -S id",
    "echo {S} | passwd --stdin u",
    "echo {S} | gh auth login --with-token",
    "htpasswd -bBC 12 f u {S}",
    "htpasswd -nb u {S}",
    "'{S}' | ConvertTo-SecureString -AsPlainText -Force",
    "ConvertTo-SecureString -Force -AsPlainText '{S}'",
    'New-Object Net.NetworkCredential("u", "{S}")',
    "rabbitmqctl add_user u {S}",
    "vault kv put secret/x any={S}",
    "ENV DB_PASSWORD {S}",
    "setx /m API_TOKEN {S}",
    "requirepass {S}",
    "snmpwalk -c {S} h",
    "schtasks /create /rp {S}",
    "fs.s3a.secret.key={S}",
    "fs.azure.account.key.store.dfs.core.windows.net={S}",
    "core.fernet_key = {S}",
    "\uff50assword={S}",
    "p\u0430ssword={S}",
    "pass\u200bword: {S}",
    "t\\u043eken={S}",
    "x --first-key --password {S}",
]
INNOCENT = [
    "token.actions.githubusercontent.com:sub=repo",
    "s3.object.key=a/b.txt",
    "api.key.required=true",
    "docker run -u 1000:1000 x",
    "curl -s -b cookies.txt https://x:8080/y",
    "sqlplus /nolog @scripts/run.sql",
    "mysql -P 3306 -h db",
    "mosquitto_pub -p 1883 -t t",
    "zip -r a.zip b",
    "unzip -p a.zip b.txt",
    "The access key 'AKIAIOSFODNN7EXAMPLE' is active",
    "The resource identified by arn is gone",
    "net user bob /delete",
    "echo done | tee log",
    "env:\n  parameter-store:\n    ANY: /prod/any\n",
    "set -e\nkey name",
    "openssl x509 -in a.pem -noout",
    "htpasswd -D f u",
    "the next_token 'abc' is gone",
    "\u0438\u043c\u044f=\u041e\u043b\u044c\u0433\u0430",
]
NAMES = """
core.fernet_key fs.s3a.secret.key account.key.x fs.s3a.bucket.logs.secret.key tls.key ssl.keystore.key db.password.value
fs.azure.account.oauth2.client.secret.store.dfs.core.windows.net DB_PASSWORD_PROD SECRET_KEY_BASE srcstorepass api.key
p\u0430ssword s\u0435cret t\u043eken p\u00e4ssword pass\u200bword \u24dfassword \U0001d429assword DB_P\u0430SS
""".split()
READABLE = """
token.actions.githubusercontent.com:sub s3.object.key secret.rotation.enabled api.key.required account.key.id next.token
access.key.rotation.days partition.key ssh.public.key api.key.header client.secret.arn bypass monkey key value
""".split()


@pytest.mark.parametrize("text", SECRETS)
def test_a_secret_is_masked(text: str) -> None:
    safe = redacted_text(text.replace("{S}", SECRET))
    assert SECRET not in safe
    assert redacted_text(safe) == safe, "masking twice changes nothing"


@pytest.mark.parametrize("text", INNOCENT)
def test_what_only_looks_like_one_stays(text: str) -> None:
    assert redacted_text(text) == text


def test_names_of_parts_and_disguised_names() -> None:
    assert [name for name in NAMES if not is_secret(name)] == []
    assert [name for name in READABLE if is_secret(name)] == []
