"""What SNS endpoints and IAM principals look like, checked before a deployment fails on one half-way."""

import re
from urllib.parse import urlsplit

from infra.partitions import ENABLED_BY_DEFAULT, partitions_by_region, sms_regions

PROTOCOLS = ("email", "email-json", "https", "sms", "sqs", "lambda")

_EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[A-Za-z0-9-]{2,}", re.ASCII)
_SMS = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
_RESOURCES = {
    "sqs": re.compile(r"[A-Za-z0-9_-]{1,80}"),
    "lambda": re.compile(r"function:[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9_-]+)?"),
}
_EXAMPLES = {"sqs": "111122223333:alerts", "lambda": "111122223333:function:alerts"}
_PRINCIPAL = re.compile(r"(root|(role|user)/[\w+=,.@/-]{1,512})", re.ASCII)


def principal_mistake(arn: object, partition: str) -> str | None:
    """What is wrong with the ARN of a role, a user or an account (`…:root`), in words; None if nothing is."""
    parts = arn.split(":", 5) if isinstance(arn, str) else []
    example = f"arn:{partition}:iam::111122223333:role/detection-engineers"
    if len(parts) != 6 or parts[0] != "arn":
        return f"{arn!r} is no ARN such as {example}"
    if [parts[2], parts[3]] != ["iam", ""]:
        what = "is that of a session; name its role" if parts[2] == "sts" else "is no ARN of IAM"
        return f"{arn!r} {what}, such as {example}"
    if parts[1] != partition:
        return f"{arn!r} lies in the partition {parts[1]}, not in {partition}"
    if not re.fullmatch(r"\d{12}", parts[4], re.ASCII):
        return f"{arn!r} has no account of 12 digits"
    if not _PRINCIPAL.fullmatch(parts[5]):
        return f"{arn!r} names no role, no user and no account (root); patterns are not taken"
    return None


def endpoint_mistake(protocol: str, endpoint: str, region: str) -> str | None:
    """What is wrong with the endpoint of a topic in `region`, in words; None when nothing is, or when the
    protocol is unknown."""
    match protocol:
        case "email" | "email-json":
            return None if _EMAIL.fullmatch(endpoint) else f"{endpoint!r} is no e-mail address"
        case "sms":
            return _sms_mistake(endpoint, region)
        case "https":
            return None if _is_https(endpoint) else f"{endpoint!r} is no https:// address"
        case "sqs" | "lambda":
            return _arn_mistake(protocol, endpoint, region)
        case _:
            return None


def owner_of(protocol: str, endpoint: str) -> tuple[str, str] | None:
    """Region and account of an endpoint that is a resource in AWS; None of all others, and of no ARN."""
    parts = endpoint.split(":", 5)
    return (parts[3], parts[4]) if protocol in _RESOURCES and len(parts) == 6 else None


def sns_principal(region: str, other: str) -> str:
    """As whom SNS in `region` calls a queue or a function in another region.

    https://docs.aws.amazon.com/sns/latest/dg/sns-cross-region-delivery.html
    """
    if region == other or partitions_by_region().get(region) != "aws":
        return "sns.amazonaws.com"
    opted_in = next((each for each in (other, region) if each not in ENABLED_BY_DEFAULT), None)
    return f"sns.{opted_in}.amazonaws.com" if opted_in else "sns.amazonaws.com"


def _sms_mistake(endpoint: str, region: str) -> str | None:
    """https://docs.aws.amazon.com/sns/latest/dg/sns-supported-regions-countries.html"""
    if not _SMS.fullmatch(endpoint):
        return f"{endpoint!r} is no number such as +4930123456"
    if region in partitions_by_region() and region not in sms_regions():
        return f"SNS sends no SMS from {region}; take email or https"
    return None


def _is_https(endpoint: str) -> bool:
    try:
        parts = urlsplit(endpoint)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname)


def _arn_mistake(service: str, endpoint: str, region: str) -> str | None:
    parts = endpoint.split(":", 5)
    partition = partitions_by_region().get(region, "aws")
    if len(parts) != 6 or parts[0] != "arn":
        return f"{endpoint!r} is no ARN such as arn:{partition}:{service}:{region}:{_EXAMPLES[service]}"
    if parts[2] != service:
        return f"{endpoint!r} is an ARN of {parts[2] or 'no service'}, not of {service}"
    if not _RESOURCES[service].fullmatch(parts[5]):
        return f"{endpoint!r} {_resource_mistake(service, parts[5])}"
    if parts[1] != partition:
        return f"{endpoint!r} lies in the partition {parts[1]}, not in {partition}"
    if partitions_by_region().get(parts[3]) != partition:
        return f"{endpoint!r} names no region of the partition {partition}"
    if not re.fullmatch(r"\d{12}", parts[4], re.ASCII):
        return f"{endpoint!r} has no account of 12 digits"
    if service == "lambda" and not _can_invoke(region, parts[3]):
        return f"SNS in {region} invokes no functions in {parts[3]}; name one in {region}, or a queue"
    return None


def _resource_mistake(service: str, resource: str) -> str:
    """https://docs.aws.amazon.com/sns/latest/dg/sns-sqs-as-subscriber.html
    https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html"""
    if service == "sqs" and resource.endswith(".fifo"):
        return "is a FIFO queue, to which a standard topic sends nothing; name a standard queue"
    if service == "sqs":
        return "names no queue: names have up to 80 letters, digits, hyphens and underscores"
    if resource.endswith(":$LATEST"):
        return "names $LATEST, which SNS cannot be allowed to invoke; leave it out: it is what is meant then"
    return "names no function, nor a version or an alias of one (function:NAME or function:NAME:ALIAS)"


def _can_invoke(region: str, other: str) -> bool:
    """Regions that must be enabled first get nothing from others, as far as functions go.

    https://docs.aws.amazon.com/sns/latest/dg/lambda-prereq.html
    """
    return region == other or other in ENABLED_BY_DEFAULT or partitions_by_region()[other] != "aws"
