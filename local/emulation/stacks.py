"""What the emulator's CloudFormation leaves out: events about stacks.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/event-detail-stack-status-change.html
"""

import json
from typing import Any

from ministack.services import eventbridge
from ministack.services.cloudformation import stacks

STACK = "AWS::CloudFormation::Stack"


def tell_of_stacks() -> None:
    """Have EventBridge told of every change of a stack's status, as CloudFormation does."""
    add_event = stacks._add_event  # noqa: SLF001 (where every change of status passes)

    def add_event_and_tell(  # noqa: PLR0913, PLR0917 (the emulator's signature)
        stack_id: str,
        stack_name: str,
        logical_id: str,
        resource_type: str,
        status: str,
        reason: str = "",
        *arguments: Any,
        **keywords: Any,
    ) -> None:
        add_event(stack_id, stack_name, logical_id, resource_type, status, reason, *arguments, **keywords)
        if resource_type == STACK and logical_id == stack_name:
            detail = {"stack-id": stack_id, "status-details": {"status": status, "status-reason": reason}}
            entry = {
                "Source": "aws.cloudformation",
                "DetailType": "CloudFormation Stack Status Change",
                "Detail": json.dumps(detail),
                "Resources": [stack_id],
            }
            eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)  # noqa: SLF001

    stacks._add_event = add_event_and_tell  # noqa: SLF001
