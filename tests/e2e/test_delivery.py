"""From log file and notice to the subscriber's e-mail, through the deployed stacks and functions."""

import gzip
import json
from contextlib import suppress

from infra.names import ALERT_TABLE
from local.cloud import wait_for
from tests.corpus import CORPUS, needs_corpus
from tests.e2e.conftest import Archive, impatient_queue
from tests.e2e.intruders import alerts_about, stopped_trail
from tests.patience import SECONDS
from tests.samples import harmless, log_file, notice

DEAD_LETTERS = "trailwarden-ingest-dead-letters"


@needs_corpus
def test_a_real_attack_reaches_the_subscriber(archive: Archive) -> None:
    content = (CORPUS / "attacks" / "aws.defense-evasion.cloudtrail-stop.json.gz").read_bytes()
    records = json.loads(gzip.decompress(content))["Records"]
    stopped = next(record for record in records if record["eventName"] == "StopLogging")

    key = archive.put(content, account_id=stopped["recipientAccountId"])
    archive.announce(key)
    archive.settle()

    (alert,) = [alert for alert in archive.cloud.alerts() if alert.log_file == f"{archive.bucket}/{key}"]
    assert alert.event_name == "StopLogging"
    assert alert.record is not None
    assert alert.record["eventID"] == stopped["eventID"]
    assert alert.mail.subject.isascii()
    assert len(alert.mail.subject) < 100


def test_a_repeated_notice_is_told_once(archive: Archive) -> None:
    key = archive.put(log_file([stopped_trail("repeated-notice"), harmless(1)]))

    for _ in range(3):
        archive.announce(key)
        archive.settle()

    assert len(alerts_about(archive.cloud, "repeated-notice")) == 1


def test_the_same_events_in_a_second_file_are_told_and_counted_once(archive: Archive) -> None:
    events = [stopped_trail("second-file"), harmless(2)]

    for content in (log_file(events), log_file([harmless(3), *events])):
        archive.announce(archive.put(content))
        archive.settle()

    (alert,) = alerts_about(archive.cloud, "second-file")
    assert len(archive.cloud.matches_of(alert)) == 1


def test_a_bad_file_costs_nothing_but_itself(archive: Archive) -> None:
    bad = archive.put(b"this is no log file")
    good = archive.put(log_file([stopped_trail("beside-a-bad-file")]))

    for _ in range(2):
        archive.announce(bad, good)
        archive.settle()

    assert len(alerts_about(archive.cloud, "beside-a-bad-file")) == 1
    told = [mail for mail in archive.cloud.operations_mails() if bad in mail.body.replace("\n", "")]
    assert len(told) == 1
    assert archive.waiting(DEAD_LETTERS) == 0


def test_the_good_records_of_a_truncated_file_are_evaluated(archive: Archive) -> None:
    whole = log_file([stopped_trail("truncated-file"), *(harmless(4 + n) for n in range(50))])
    key = archive.put(whole[:-40])

    archive.announce(key)
    archive.settle()

    assert len(alerts_about(archive.cloud, "truncated-file")) == 1
    assert [mail for mail in archive.cloud.operations_mails() if key in mail.body.replace("\n", "")]


def test_a_missing_file_ends_among_the_dead_letters_and_harms_nothing(archive: Archive) -> None:
    missing = archive.put(b"")
    archive.cloud.audit("s3").delete_object(Bucket=archive.bucket, Key=missing)
    good = archive.put(log_file([stopped_trail("beside-a-missing-file")]))

    with impatient_queue(archive.cloud):
        archive.announce(missing)
        archive.announce(good)
        assert wait_for(lambda: alerts_about(archive.cloud, "beside-a-missing-file"), SECONDS)
        assert wait_for(lambda: set_aside(archive, missing), SECONDS), archive.cloud.emulator.log
        archive.settle()

    sqs = archive.cloud.audit("sqs")
    url = sqs.get_queue_url(QueueName=DEAD_LETTERS)["QueueUrl"]
    (letter,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert missing in letter["Body"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=letter["ReceiptHandle"])
    assert len(alerts_about(archive.cloud, "beside-a-missing-file")) == 1


def set_aside(archive: Archive, missing: str) -> bool:
    """Whether the notice lies among the dead letters. Time passes: an attempt counts a minute after the last
    one at the earliest."""
    dynamodb = archive.cloud.audit("dynamodb")
    with suppress(dynamodb.exceptions.ConditionalCheckFailedException):
        dynamodb.update_item(
            TableName=ALERT_TABLE,
            Key={"pk": {"S": f"FILE#{archive.bucket}/{missing}#unavailable"}, "sk": {"S": "FILE"}},
            UpdateExpression="REMOVE held_until",
            ConditionExpression="attribute_exists(held_until)",
        )
    return archive.waiting(DEAD_LETTERS) == 1


def test_a_redelivered_batch_changes_nothing(archive: Archive) -> None:
    """SQS gives a whole batch again where the function had done its work but could not say so."""
    users = ["first-of-the-batch", "second-of-the-batch"]
    keys = [archive.put(log_file([stopped_trail(user)])) for user in users]
    event = {
        "Records": [
            {
                "messageId": f"message-{number}",
                "receiptHandle": "handle",
                "body": notice(key, bucket=archive.bucket),
                "attributes": {},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": archive.cloud.names.ingest_queue_arn,
                "awsRegion": archive.cloud.names.region,
            }
            for number, key in enumerate(keys)
        ]
    }

    for _ in range(2):
        answer = archive.cloud.audit("lambda").invoke(
            FunctionName="trailwarden-detect", Payload=json.dumps(event)
        )
        assert json.loads(answer["Payload"].read()) == {"batchItemFailures": []}
        archive.settle()

    assert [len(alerts_about(archive.cloud, user)) for user in users] == [1, 1]
