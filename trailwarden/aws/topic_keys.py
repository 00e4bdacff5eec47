"""KMS as the daily check sees it: could a message be encrypted with this key now?"""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from trailwarden.safety.text import one_line
from trailwarden.state.subscriptions import KeyCondition, KeyState

_WOULD_WORK = "DryRunOperationException"
_DENIED = frozenset({"AccessDenied", "AccessDeniedException"})
# What KMS answers for as long as the key stays as it is; everything else may pass.
_BROKEN = frozenset(
    {
        "DisabledException",
        "InvalidKeyUsageException",
        "KMSInvalidStateException",
        "KeyUnavailableException",
        "NotFoundException",
    }
)
_SOUND = frozenset({"Enabled", "Creating", "Updating"})


class KmsTopicKeys:
    """`TopicKeys` over KMS.

    SNS asks for a data key on the publisher's behalf, so that is tried, as a dry run: it always raises, and
    `DryRunOperationException` says that it would have worked.
    https://docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html
    The role that runs this needs `kms:DescribeKey` and `kms:GenerateDataKey` without `kms:ViaService`.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def condition(self, key: str) -> KeyCondition:
        """The key's own state, and where that is sound, what its policy says."""
        try:
            found = self._client.describe_key(KeyId=key)["KeyMetadata"]
        except ClientError as error:
            return self._judged(error, denied=KeyState.UNKNOWN)
        except BotoCoreError as error:
            return KeyCondition(KeyState.UNKNOWN, one_line(str(error), 400))
        state = str(found.get("KeyState", ""))
        if state not in _SOUND:
            return KeyCondition(KeyState.BROKEN, state)
        if found.get("KeyManager") == "AWS":
            return KeyCondition(KeyState.USABLE)  # serves SNS alone: its policy refuses everybody who asks
        return self._dry_run(key)

    def _dry_run(self, key: str) -> KeyCondition:
        try:
            self._client.generate_data_key(KeyId=key, KeySpec="AES_256", DryRun=True)
        except ClientError as error:
            return self._judged(error, denied=KeyState.REFUSED)
        except BotoCoreError as error:
            return KeyCondition(KeyState.UNKNOWN, one_line(str(error), 400))
        return KeyCondition(KeyState.USABLE)

    def _judged(self, error: ClientError, *, denied: KeyState) -> KeyCondition:
        code = str(error.response["Error"].get("Code", ""))
        if code == _WOULD_WORK:
            return KeyCondition(KeyState.USABLE)
        said = one_line(f"{code}: {error.response['Error'].get('Message', '')}", 400)
        if code in _DENIED:
            return KeyCondition(denied, said)
        return KeyCondition(KeyState.BROKEN if code in _BROKEN else KeyState.UNKNOWN, said)
