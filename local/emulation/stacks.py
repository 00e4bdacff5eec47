"""What the emulator's CloudFormation leaves out: reserved concurrency, and events about stacks.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/event-detail-stack-status-change.html
"""

import json
from collections.abc import Mapping
from typing import Any

from ministack.services import eventbridge, lambda_svc
from ministack.services.cloudformation import provisioners, stacks

FUNCTION = "AWS::Lambda::Function"
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


def reserve_concurrency() -> None:
    """Have a template's `ReservedConcurrentExecutions` count."""
    handlers = provisioners._RESOURCE_HANDLERS[FUNCTION]  # noqa: SLF001 (its only register)
    create, update = handlers["create"], handlers["update"]

    def create_and_reserve(logical_id: str, properties: Mapping[str, Any], *arguments: Any) -> Any:
        made = create(logical_id, properties, *arguments)
        _reserve(made[0], properties)
        return made

    def update_and_reserve(
        physical_id: str, old: Mapping[str, Any], new: Mapping[str, Any], *arguments: Any, **keywords: Any
    ) -> Any:
        made = update(physical_id, old, new, *arguments, **keywords)
        _reserve(made[0], new)
        return made

    provisioners._RESOURCE_HANDLERS[FUNCTION] = {  # noqa: SLF001
        **handlers,
        "create": create_and_reserve,
        "update": update_and_reserve,
    }


def _reserve(function_name: str, properties: Mapping[str, Any]) -> None:
    reserved = properties.get("ReservedConcurrentExecutions")
    function = lambda_svc._functions.get(function_name)  # noqa: SLF001
    if function is not None:
        function["concurrency"] = None if reserved is None else int(reserved)
