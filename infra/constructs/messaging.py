"""Topics and queues as every stack wants them: encrypted, and over TLS only."""

from aws_cdk import Acknowledgment, Annotations, Duration, Validations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.identity import fingerprint
from infra.names import Names, resource_name
from infra.subscribers import Subscriber

HEARTBEAT = "heartbeat"
"""What the attribute `severity` says of the weekly message that all is well."""
LONGEST_RETENTION = Duration.days(14)
MACHINES = frozenset({"https", "lambda", "sqs"})
"""Protocols of subscribers that can be down, and take later what they missed."""


def encrypted_topic(scope: Construct, construct_id: str, arn: str, key: kms.IKey, title: str) -> sns.Topic:
    """A topic under a customer's key: only such a key can let AWS services publish to an encrypted topic.

    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    """
    return sns.Topic(
        scope,
        construct_id,
        topic_name=resource_name(arn),
        display_name=title,
        master_key=key,
        enforce_ssl=True,
    )


def encrypted_queue(
    scope: Construct,
    construct_id: str,
    arn: str,
    *,
    visibility_timeout: Duration | None = None,
    dead_letter_queue: sqs.DeadLetterQueue | None = None,
) -> sqs.Queue:
    """A queue under SQS's own keys, which every service may use: what queues hold names objects or stream
    records, never their content; only what subscribers refused is whole, and must not be lost for a key."""
    return sqs.Queue(
        scope,
        construct_id,
        queue_name=resource_name(arn),
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=LONGEST_RETENTION,
        visibility_timeout=visibility_timeout,
        dead_letter_queue=dead_letter_queue,
    )


def last_resort_queue(scope: Construct, construct_id: str, arn: str, *, of: str) -> sqs.Queue:
    """A dead-letter queue `of` something that is no queue, which cdk-nag does not recognise as one."""
    queue = encrypted_queue(scope, construct_id, arn)
    reason = f"This is itself a dead-letter queue, of {of}; an alarm watches it."
    Validations.of(queue).acknowledge(Acknowledgment(id="AwsSolutions-SQS3", reason=reason))
    return queue


def subscribe(  # noqa: PLR0913, PLR0917 (a subscription has so many parts)
    scope: Construct,
    topic: sns.Topic,
    subscriber: Subscriber,
    names: Names,
    role: str,
    dead_letter_arn: str,
) -> None:
    """Subscribe one endpoint to what it asked for; `role` tells the topics apart in ids.

    The logical id comes from the endpoint, not from its place in the list: to remove one subscriber never
    replaces (and so never asks to confirm again) another's subscription. Whoever chose severities gets these
    and no others, even if they are all, so that a phone is not woken by the weekly message. What a machine
    refuses goes to the queue `dead_letter_arn`; of mail and SMS nothing would ever be taken from there.
    """
    suffix = fingerprint(subscriber.protocol, subscriber.endpoint)
    owner = subscriber.owner
    if owner is not None and owner[1] != names.audit_account:
        _let_subscribe(topic, subscriber, f"arn:{names.partition}:iam::{owner[1]}:root")
        return
    wanted = [*subscriber.severities, *([HEARTBEAT] if subscriber.heartbeat else [])]
    sns.CfnSubscription(
        scope,
        f"{role}Subscription{suffix}",
        topic_arn=topic.topic_arn,
        protocol=subscriber.protocol,
        endpoint=subscriber.endpoint,
        filter_policy={"severity": wanted} if wanted else None,
        filter_policy_scope="MessageAttributes" if wanted else None,
        redrive_policy={"deadLetterTargetArn": dead_letter_arn} if subscriber.protocol in MACHINES else None,
    )
    if subscriber.protocol == "lambda" and owner == (names.region, names.audit_account):
        lambda_.CfnPermission(
            scope,
            f"{role}Invoke{suffix}",
            action="lambda:InvokeFunction",
            function_name=subscriber.endpoint,
            principal="sns.amazonaws.com",
            source_arn=topic.topic_arn,
        )


def _let_subscribe(topic: sns.Topic, subscriber: Subscriber, account_arn: str) -> None:
    """Let the owner of a queue or function in another account subscribe it, and nothing else: SNS takes a
    function from its owner alone, and asks the owner of a queue to confirm what others ask for.

    https://docs.aws.amazon.com/sns/latest/dg/sns-send-message-to-sqs-cross-account.html
    https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
    """
    topic.add_to_resource_policy(
        iam.PolicyStatement(
            sid=f"LetSubscribe{fingerprint(subscriber.protocol, subscriber.endpoint)}",
            principals=[iam.ArnPrincipal(account_arn)],
            actions=["sns:Subscribe"],
            resources=[topic.topic_arn],
            conditions={
                "StringEquals": {"sns:Protocol": subscriber.protocol, "sns:Endpoint": subscriber.endpoint}
            },
        )
    )
    Annotations.of(topic).add_info(
        f"{subscriber.endpoint} is in another account: its owner must subscribe it, as docs/settings.md shows"
        " under Subscribers in other accounts."
    )
