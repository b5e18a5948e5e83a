"""What is taken out of messages: passwords and tokens of the environment, and nothing else."""

import pytest

from adapters.redaction import redacted

ENVIRONMENT = {
    "PREFECT_API_AUTH_STRING": "recoup:tok3n-of-the-server",
    "RECOUP_DATABASE_URL": "postgresql://owner:p%40ss@db/recoup",
    "RECOUP_NOTIFY_URL": "https://chat.example/hooks/T0K3NPART",
    "RECOUP_HOME": "/srv/recoup",
}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("asked with recoup:tok3n-of-the-server", "asked with ***"),
        ("401 for tok3n-of-the-server", "401 for ***"),
        ("`recoup resume` goes on; see /srv/recoup", "`recoup resume` goes on; see /srv/recoup"),
        ("no host p%40ss or p@ss of owner in recoup", "no host *** or *** of owner in recoup"),
        ("POST https://chat.example/hooks/T0K3NPART failed", "POST https://chat.example/***/*** failed"),
    ],
)
def test_only_what_is_secret_is_taken_out(text, told):
    assert redacted(text, ENVIRONMENT) == told
