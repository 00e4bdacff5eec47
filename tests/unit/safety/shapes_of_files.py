"""Secrets as people write them into files.

`SECRET` stands for the secret.
"""

# ruff: noqa: E501 (a line for each: it is a table)

from tests.unit.safety.shapes import SECRET

WRITTEN = [
    f"echo '{SECRET}' > /etc/app/password.txt",
    f'echo -n "{SECRET}" >/tmp/.pgpass',
    f"printf '%s' '{SECRET}' > /run/secrets/db",
    f'printf "%s\\n" {SECRET} | sudo tee -a /etc/app/api_token',
    f"echo {SECRET} | tee /etc/app/secret.key",
    f"echo {SECRET} >> ~/.vault-token",
    f"Set-Content -Path C:\\app\\password.txt -Value '{SECRET}'",
    f"Add-Content -Path 'D:\\x\\api-token.conf' -Value \"{SECRET}\"",
    f"echo ': PSK \"{SECRET}\"' >> /etc/ipsec.secrets",
    f'bob : XAUTH "{SECRET}"',
    f'carol : EAP "{SECRET}"\n',
    f"write_files:\n- path: /etc/app/password\n  permissions: '0600'\n  content: {SECRET}\nruncmd: [ls]\n",
    f"write_files:\n  - path: /run/secrets/tls\n    owner: root\n    content: |\n      {SECRET}\n      {SECRET}\n",
    f"apiVersion: v1\nkind: Secret\nstringData:\n  username: bob\n  first: {SECRET}\n  second: {SECRET}\ntype: Opaque\n",
    f'variable "db_password" {{\n  type = string\n  default = "{SECRET}"\n}}\n',
    f"ssh-keygen -t ed25519 -N '{SECRET}' -f /home/app/.ssh/id",
    f"ssh-keygen -p -P {SECRET} -f k",
    f"net ads join -U admin%{SECRET} -k",
    f"winrs -r:host -u:bob -p:{SECRET} ipconfig",
    f"nmcli dev wifi connect office password {SECRET}",
    f"nmcli con modify office wifi-sec.psk '{SECRET}'",
    f"echo {SECRET} | realm join -U admin example.com",
    f"printf '%s' {SECRET} | adcli join example.com --stdin-password",
    f"wpa_passphrase office {SECRET}",
    "chpasswd <<EOF\n" + "".join(f"user{n}:{SECRET}{n}\n" for n in range(1_500)) + "EOF\n",
]
