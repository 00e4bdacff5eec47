"""Texts that go on for ever where masking reads the value of a secret."""

ENDLESS = (
    "pwd:a({[ ",
    "pw=a( {[ ",
    "sas=a(\"' ",
    "pw=a[ ",
    "\npwd:a({[ ",
    "password=$((echo ",
    "password=$(echo '",
    "token=$(echo x ",
    "pwd:$(echo ",
    "pwd:!<",
    '  # "password:\n',
    "env={" + "a" * 60,
    "pw=%w|x| ",
    "pw='a''",
)
"""Each finds no end when it is repeated, or made the same be read again for each name."""
