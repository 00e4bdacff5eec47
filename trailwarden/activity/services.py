"""AWS services as people call them, from `eventSource` or a service principal.

Names after https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html
"""

import re

from trailwarden.safety.text import UNKNOWN, one_line

_NAMES = {
    "access-analyzer": "IAM Access Analyzer",
    "account": "Account Management",
    "acm": "ACM",
    "acm-pca": "ACM Private CA",
    "aoss": "OpenSearch Serverless",
    "apigateway": "API Gateway",
    "appsync": "AppSync",
    "athena": "Athena",
    "autoscaling": "Auto Scaling",
    "backup": "AWS Backup",
    "bedrock": "Bedrock",
    "billing": "Billing",
    "billingconsole": "Billing",
    "ce": "Cost Explorer",
    "cloud9": "Cloud9",
    "cloudformation": "CloudFormation",
    "cloudfront": "CloudFront",
    "cloudhsm": "CloudHSM",
    "cloudshell": "CloudShell",
    "cloudtrail": "CloudTrail",
    "codebuild": "CodeBuild",
    "codecommit": "CodeCommit",
    "codedeploy": "CodeDeploy",
    "codepipeline": "CodePipeline",
    "cognito-identity": "Cognito",
    "cognito-idp": "Cognito",
    "config": "AWS Config",
    "controltower": "Control Tower",
    "datasync": "DataSync",
    "delivery.logs": "CloudWatch Logs",
    "directconnect": "Direct Connect",
    "dms": "DMS",
    "ds": "Directory Service",
    "dynamodb": "DynamoDB",
    "ec2": "EC2",
    "ec2-instance-connect": "EC2 Instance Connect",
    "ecr": "ECR",
    "ecs": "ECS",
    "ecs-tasks": "ECS",
    "eks": "EKS",
    "eks-nodegroup": "EKS",
    "elasticache": "ElastiCache",
    "elasticbeanstalk": "Elastic Beanstalk",
    "elasticfilesystem": "EFS",
    "elasticloadbalancing": "Elastic Load Balancing",
    "elasticmapreduce": "EMR",
    "es": "OpenSearch",
    "events": "EventBridge",
    "firehose": "Firehose",
    "fms": "Firewall Manager",
    "glacier": "S3 Glacier",
    "glue": "Glue",
    "guardduty": "GuardDuty",
    "health": "AWS Health",
    "iam": "IAM",
    "identitystore": "Identity Store",
    "inspector2": "Inspector",
    "kafka": "MSK",
    "kinesis": "Kinesis",
    "kms": "KMS",
    "lakeformation": "Lake Formation",
    "lambda": "Lambda",
    "lightsail": "Lightsail",
    "logs": "CloudWatch Logs",
    "macie2": "Macie",
    "malware-protection.guardduty": "GuardDuty",
    "monitoring": "CloudWatch",
    "network-firewall": "Network Firewall",
    "organizations": "Organizations",
    "pricing": "Pricing",
    "ram": "RAM",
    "rds": "RDS",
    "redshift": "Redshift",
    "resource-explorer-2": "Resource Explorer",
    "rolesanywhere": "IAM Roles Anywhere",
    "route53": "Route 53",
    "route53domains": "Route 53",
    "route53resolver": "Route 53 Resolver",
    "s3": "S3",
    "s3-outposts": "S3",
    "sagemaker": "SageMaker",
    "scheduler": "EventBridge Scheduler",
    "secretsmanager": "Secrets Manager",
    "securityhub": "Security Hub",
    "securitylake": "Security Lake",
    "serverlessrepo": "Serverless Application Repository",
    "servicecatalog": "Service Catalog",
    "servicediscovery": "Cloud Map",
    "servicequotas": "Service Quotas",
    "ses": "SES",
    "shield": "Shield",
    "signin": "AWS sign-in",
    "sns": "SNS",
    "spot": "EC2 Spot",
    "sqs": "SQS",
    "ssm": "Systems Manager",
    "sso": "IAM Identity Center",
    "sso-directory": "Identity Center directory",
    "states": "Step Functions",
    "storagegateway": "Storage Gateway",
    "sts": "STS",
    "support": "AWS Support",
    "tagging": "Resource Groups Tagging",
    "transfer": "Transfer Family",
    "trustedadvisor": "Trusted Advisor",
    "vpc-flow-logs": "VPC Flow Logs",
    "vpce": "VPC endpoints",
    "waf": "WAF",
    "waf-regional": "WAF",
    "wafv2": "WAF",
    "xray": "X-Ray",
}
PRINCIPALS = tuple(f"{key}.amazonaws.com" for key in _NAMES)
"""The services that have a name here."""
_INTERNAL = re.compile(r"AWS (?:Internal(?:/\S*)?|Service)|internal\.amazonaws\.com")
_SUFFIXES = (".amazonaws.com", ".amazonaws.com.cn", ".amazon.com", ".aws.internal", ".aws.amazon.com")
CONSOLE_PRINCIPALS = frozenset({"signin.amazonaws.com", "console.amazonaws.com"})
"""Services that call for a person who sits at the console."""


def is_internal(text: str) -> bool:
    """Whether AWS stands there instead of a service: `AWS Internal`, or `AWS Internal/3`, whose number means
    nothing outside of AWS."""
    return _INTERNAL.fullmatch(text) is not None


def is_service(text: str) -> bool:
    """Whether a text is a service principal (`ec2.amazonaws.com`), or `AWS Internal`. Of fields that AWS
    writes that is an answer; a user agent is what its caller likes."""
    return is_internal(text) or (text.endswith(_SUFFIXES) and " " not in text and "/" not in text)


def service_key(event_source: str) -> str:
    """`iam` of `iam.amazonaws.com`: by what tables of this package name a service."""
    name = event_source.removesuffix(".cn")
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    return name


def service_name(principal: str | None) -> str:
    """`IAM` of `iam.amazonaws.com`; a service that is not known keeps its own name."""
    if not principal:
        return UNKNOWN
    if is_internal(principal):
        return "AWS"
    key = service_key(principal)
    return _NAMES.get(key) or one_line(key, 60)
