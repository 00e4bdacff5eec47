"""The tool that made a call, from its user agent.

Whoever makes a call writes its user agent: it says what they used, or what they wish to seem to have used.
Known: SDKs and the AWS CLI write `name/version`, then parts `key/value` or `key#value`
(https://docs.aws.amazon.com/sdkref/latest/guide/feature-appid.html); AWS services write their principal.
"""

import re
from dataclasses import dataclass
from functools import cache

from trailwarden.activity.services import is_service
from trailwarden.safety.text import one_line

_READ_AT_MOST = 1000
_VERSION = r"[/ #]v?(\d[\w.]{0,15})"


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool by the name that people know, and whether it is known from attacks (and tests of them)."""

    name: str | None
    attack: bool = False


# Penetration testing systems show in the kernel's release, which botocore sends along: the three that
# https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-iam.html (PenTest) names.
_SYSTEM = r"(?i)(?<![a-z])(kali|parrot|pentoo)(?![a-z])"
_SYSTEM_NAMES = {"kali": "Kali Linux", "parrot": "Parrot Linux", "pentoo": "Pentoo Linux"}

_ATTACK = (
    (r"stratus-red-team", "Stratus Red Team"),
    (r"grimoire", "Grimoire"),
    (r"pacu(?![a-z])", "Pacu"),
    (r"scout ?suite", "Scout Suite"),
    (r"cloudfox", "CloudFox"),
    (r"trufflehog", "TruffleHog"),
    (r"cloudgoat", "CloudGoat"),
    (r"enumerate-?iam", "enumerate-iam"),
    (r"weirdaal", "WeirdAAL"),
    (r"aws_?pwn", "aws_pwn"),
    (r"aws-?nuke", "aws-nuke"),
    (r"cloudmapper", "CloudMapper"),
    (r"s3scanner", "S3Scanner"),
    (r"cloud_?brute", "CloudBrute"),
    (r"pmapper|principalmapper", "PMapper"),
    (r"quiet-?riot", "Quiet Riot"),
    (r"(?:aws-?)?key-?hunter|keyhacks", "a key checker"),
    (r"gitleaks", "Gitleaks"),
    (r"nuclei(?![a-z])", "Nuclei"),
    (r"sqlmap", "sqlmap"),
    (r"gobuster", "Gobuster"),
    (r"metasploit", "Metasploit"),
    (r"leonidas", "Leonidas"),
    (r"s3[ -]browser", "S3 Browser"),
)

_TOOLS = (
    (rf"OpenTofu{_VERSION}", "OpenTofu {}"),
    (rf"Terraform{_VERSION}", "Terraform {}"),
    (r"terraform", "Terraform"),
    (rf"Pulumi{_VERSION}", "Pulumi {}"),
    (r"pulumi", "Pulumi"),
    (r"aws-cdk|cdk-", "AWS CDK"),
    (r"aws-sam-cli|aws-toolkit", "AWS toolkit"),
    (r"ansible", "Ansible"),
    (r"crossplane", "Crossplane"),
    (r"serverless", "Serverless Framework"),
    (r"CloudCustodian|c7n", "Cloud Custodian"),
    (r"prowler", "Prowler"),
    (r"steampipe", "Steampipe"),
    (r"cartography", "Cartography"),
    (r"rclone", "rclone"),
    (r"cyberduck", "Cyberduck"),
    (r"winscp", "WinSCP"),
    (r"karpenter", "Karpenter"),
    (r"kubelet|amazon-vpc-cni|aws-load-balancer-controller|kubernetes", "Kubernetes"),
    (r"amazon-ssm-agent|ssm-agent", "SSM agent"),
    (r"fluent-?bit", "Fluent Bit"),
    (r"exec-env/CloudShell", "AWS CloudShell"),
    (rf"AWSPowerShell(?:\.\w+)?{_VERSION}", "AWS Tools for PowerShell {}"),
    (r"AWSPowerShell", "AWS Tools for PowerShell"),
    (rf"aws-cli{_VERSION}", "AWS CLI {}"),
    (r"aws-cli", "AWS CLI"),
    (rf"Boto3{_VERSION}", "boto3 {}"),
    (rf"Botocore{_VERSION}", "botocore {}"),
    (r"boto3?(?![a-z])", "boto3"),
    (rf"aws-sdk-go-v2{_VERSION}", "AWS SDK for Go {}"),
    (rf"aws-sdk-go{_VERSION}", "AWS SDK for Go {}"),
    (rf"aws-sdk-(?:js|nodejs)(?:-v3)?{_VERSION}", "AWS SDK for JavaScript {}"),
    (rf"aws-sdk-java{_VERSION}", "AWS SDK for Java {}"),
    (rf"aws-sdk-dotnet[\w-]*{_VERSION}", "AWS SDK for .NET {}"),
    (rf"aws-sdk-ruby3?{_VERSION}", "AWS SDK for Ruby {}"),
    (rf"aws-sdk-php{_VERSION}", "AWS SDK for PHP {}"),
    (rf"aws-sdk-rust{_VERSION}", "AWS SDK for Rust {}"),
    (rf"aws-sdk-cpp{_VERSION}", "AWS SDK for C++ {}"),
    (rf"aws-sdk-python{_VERSION}", "AWS SDK for Python {}"),
    (r"aws-sdk-swift", "AWS SDK for Swift"),
    (r"aws-sdk", "an AWS SDK"),
    (r"rusoto", "Rusoto (Rust)"),
    (rf"python-requests{_VERSION}", "Python requests {}"),
    (r"python-urllib|urllib3|httpx|aiohttp", "a Python HTTP client"),
    (rf"curl{_VERSION}", "curl {}"),
    (r"wget", "wget"),
    (r"postman", "Postman"),
    (r"go-http-client", "a Go HTTP client"),
    (r"okhttp|Apache-HttpClient|jersey", "a Java HTTP client"),
)
_CONSOLE = (
    r"(?i)^\[?(?:(?:signin|console[\w.-]*|[\w-]+\.console)\.(?:aws\.)?amazon(?:aws)?\.com)"
    r"|^\[?S3Console|^\[?AWS[- ]?Console|^AWS Signin"
)
_BROWSER = r"(?i)^\[?Mozilla"
_BARE = re.compile(r"[\w.+-]{1,40}/v?\d[\w.]{0,15}")


def tool_of(user_agent: str | None, *, from_console: bool = False) -> Tool:
    """The tool that a user agent names. `from_console`: the record itself says that the console was used.

    Its name is None where there is no user agent, or an AWS service wrote it.
    """
    agent = one_line(user_agent, _READ_AT_MOST) if user_agent else ""
    found = _attack_tool(agent)
    if found is not None:
        return found
    system = re.search(_SYSTEM, agent)
    name = _plain_tool(agent, from_console=from_console)
    if system is None:
        return Tool(name)
    return Tool(f"{name or 'a tool'} on {_SYSTEM_NAMES[system[1].lower()]}", attack=True)


def is_console_agent(user_agent: str | None) -> bool:
    """Whether a user agent is one that the AWS console's own pages send."""
    return bool(user_agent and re.search(_CONSOLE, user_agent[:_READ_AT_MOST]))


def _attack_tool(agent: str) -> Tool | None:
    return next(
        (Tool(name, attack=True) for pattern, name in _compiled(_ATTACK) if pattern.search(agent)), None
    )


@cache
def _compiled(table: tuple[tuple[str, str], ...]) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Compiled when they are first asked for: a function that tells nothing does not pay for them."""
    return tuple((re.compile(rf"(?i)(?<![a-z])(?:{pattern})"), name) for pattern, name in table)


def _plain_tool(agent: str, *, from_console: bool) -> str | None:
    if re.search(_CONSOLE, agent):
        return "AWS console"
    if is_service(agent):
        return "AWS console" if from_console else None
    for pattern, name in _compiled(_TOOLS):
        found = pattern.search(agent)
        if found:
            return name.format(*found.groups())
    if from_console:
        return "AWS console"
    if re.search(_BROWSER, agent):
        return "a browser"
    bare = _BARE.match(agent)
    return bare[0] if bare and not agent.startswith("aws-internal/") else None
