"""A Lambda function with a role and a log group of its own, neither shared nor managed by AWS."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from aws_cdk import Acknowledgment, Annotations, Duration, RemovalPolicy, Stack, Validations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.bundling import Bundler
from infra.names import log_group
from infra.settings import PYTHONS, Settings

METRICS_NAMESPACE = "Trailwarden"
_ARCHITECTURES = {"arm64": lambda_.Architecture.ARM_64, "x86_64": lambda_.Architecture.X86_64}


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """What tells one function from another. `folder`: its folder in lambdas/."""

    folder: str
    name: str
    description: str
    memory_mb: int
    timeout: Duration
    environment: Mapping[str, str]
    statements: Sequence[iam.PolicyStatement]
    wildcards: Mapping[str, str]
    """The resource patterns in `statements` that no single ARN can name, each with the reason."""
    role_name: str | None = None
    """Where another resource's policy must foretell the role; else CloudFormation names it."""
    beside: Mapping[str, bytes | Path] = field(default_factory=dict)
    """Files beside the handler, by name: their content, or where it is."""


class Function(Construct):
    """One function. Its permissions stand in the role itself, so that they exist before any event arrives."""

    def __init__(
        self, scope: Construct, construct_id: str, settings: Settings, bundler: Bundler, spec: FunctionSpec
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        group = self._build_log_group(spec)
        self.role = self._build_role(spec)
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=spec.name,
            description=spec.description,
            runtime=lambda_.Runtime(f"python{settings.functions.python}", lambda_.RuntimeFamily.PYTHON),
            architecture=_ARCHITECTURES[settings.functions.architecture],
            handler="handler.handler",
            code=self._build_code(spec, bundler),
            role=self.role,
            log_group=group,
            memory_size=spec.memory_mb,
            timeout=spec.timeout,
            environment={
                **spec.environment,
                "POWERTOOLS_SERVICE_NAME": spec.name,
                "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
                "POWERTOOLS_LOG_LEVEL": "INFO",
            },
        )
        if settings.functions.python != PYTHONS[-1]:
            chosen = f"The operator chose functions.python {settings.functions.python}."
            Validations.of(self.function).acknowledge(Acknowledgment(id="AwsSolutions-L1", reason=chosen))

    def _build_log_group(self, spec: FunctionSpec) -> logs.LogGroup:
        group = logs.LogGroup(
            self,
            "LogGroup",
            log_group_name=log_group(spec.name),
            removal_policy=RemovalPolicy.DESTROY,
        )
        resource = group.node.default_child
        assert isinstance(resource, logs.CfnLogGroup)  # noqa: S101 (narrows the type; the CDK makes no other)
        # The CDK names retentions by words (THIRTEEN_MONTHS); the settings, like CloudWatch, count days.
        resource.retention_in_days = self._settings.retention.function_log_days
        return group

    def _build_role(self, spec: FunctionSpec) -> iam.Role:
        streams = f"{self._settings.names.log_group_arn(spec.name)}:*"
        write_logs = iam.PolicyStatement(
            actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[streams]
        )
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            role_name=spec.role_name,
            description=f"What {spec.name} may do, and nothing else",
            inline_policies={
                "least-privilege": iam.PolicyDocument(statements=[*spec.statements, write_logs])
            },
        )
        reasons = {
            streams: "Lambda names the log streams; the group is the function's own.",
            **spec.wildcards,
        }
        for pattern, reason in reasons.items():
            finding = f"AwsSolutions-IAM5[Resource::{pattern}]"
            Validations.of(role).acknowledge(Acknowledgment(id=finding, reason=reason))
        return role

    def _build_code(self, spec: FunctionSpec, bundler: Bundler) -> lambda_.Code:
        """The bundled asset; the bare folder where the CDK wants no bundling (template tests)."""
        if not Stack.of(self).bundling_required:
            return lambda_.Code.from_asset(str(Path(__file__).parents[2] / "lambdas" / spec.folder))
        asset = bundler.bundle(spec.folder, spec.beside)
        if not asset.compiled:
            python = self._settings.functions.python
            Annotations.of(self).add_warning_v2(
                "Trailwarden:NoBytecode",
                f"{spec.name} ships without .pyc files and starts about twice as slowly: there is no"
                f' python{python} here to write them. Install it, or set functions.python to "host".',
            )
        return lambda_.Code.from_asset(str(asset.path), asset_hash=asset.hash)
