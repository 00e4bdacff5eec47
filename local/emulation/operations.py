"""Which operation of AWS's API a call is, what was asked of it, and what it answered.

AWS's own service models, which botocore carries, say how each operation is written on the wire; the
emulator keeps only that raw form. Here the models are read backwards, from the request to its parameters.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote
from xml.etree import ElementTree

from botocore.loaders import create_loader
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape
from botocore.parsers import ResponseParserError, create_parser

from local.emulation.calls import Call

SIGNED_AS: Mapping[str, str] = {
    "elasticloadbalancing": "elbv2",
    "email": "ses",
    "monitoring": "cloudwatch",
    "states": "stepfunctions",
}
"""Services whose requests are signed under another name than their model's."""


RPC_PATH = re.compile(r"/service/\w+/operation/(?P<operation>\w+)")
CBOR = "smithy-rpc-v2-cbor"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer's members under the model's names; `error_code` is None where the call succeeded."""

    result: Mapping[str, Any]
    error_code: str | None
    error_message: str | None


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of a service, with the parameters that a call gave it, under the model's names."""

    model: OperationModel
    protocol: str
    parameters: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.model.name)

    @property
    def service(self) -> ServiceModel:
        return self.model.service_model

    def outcome(self, call: Call) -> Outcome:
        answer = {
            "status_code": call.status,
            "headers": _CaseInsensitive(call.response_headers),
            "body": call.response_body,
        }
        parser = create_parser(self.protocol)
        try:
            parsed = parser.parse(answer, self.model.output_shape)
        except (ResponseParserError, KeyError, ValueError):
            return Outcome({}, None if call.status < 400 else str(call.status), None)
        error = parsed.get("Error", {})
        if call.status < 400:
            return Outcome({k: v for k, v in parsed.items() if k != "ResponseMetadata"}, None, None)
        return Outcome({}, str(error.get("Code") or call.status), error.get("Message") or None)


def operation_of(call: Call) -> Operation | None:
    """The operation that `call` asked for; None for what is no call of an AWS API that we know."""
    service = _service_model(SIGNED_AS.get(call.service, call.service))
    if service is None:
        return None
    target = call.headers.get("x-amz-target", "")
    if "." in target:
        return _json_operation(service, target.rpartition(".")[2], call.body)
    if rpc := RPC_PATH.fullmatch(call.path):
        return _cbor_operation(service, rpc["operation"], call.body)
    form = _form(call)
    if "Action" in form:
        return _query_operation(service, form)
    return _rest_operation(service, call)


@cache
def _service_model(name: str) -> ServiceModel | None:
    loader = create_loader()
    if name not in loader.list_available_services("service-2"):
        return None
    return ServiceModel(loader.load_service_model(name, "service-2"), name)


def _json_operation(service: ServiceModel, name: str, body: bytes) -> Operation | None:
    if name not in service.operation_names:
        return None
    return Operation(service.operation_model(name), "json", _json_object(body))


def _cbor_operation(service: ServiceModel, name: str, body: bytes) -> Operation | None:
    """https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html"""
    if name not in service.operation_names:
        return None
    parser = create_parser(CBOR)
    value = parser.parse_data_item(parser.get_peekable_stream_from_bytes(body)) if body else {}
    return Operation(service.operation_model(name), CBOR, value if isinstance(value, dict) else {})


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


# The query protocols: `IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0`.


def _form(call: Call) -> dict[str, str]:
    fields = {name: values[0] for name, values in call.query.items() if values}
    if call.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        body = parse_qs(call.body.decode("utf-8", "replace"), keep_blank_values=True)
        fields |= {name: values[0] for name, values in body.items()}
    return fields


def _query_operation(service: ServiceModel, form: Mapping[str, str]) -> Operation | None:
    if form["Action"] not in service.operation_names:
        return None
    model = service.operation_model(form["Action"])
    protocol = "ec2" if service.metadata["protocol"] == "ec2" else "query"
    tree: dict[str, Any] = {}
    for name, text in form.items():
        node = tree
        *parents, leaf = name.split(".")
        for part in parents:
            following = node.setdefault(part, {})
            node = following if isinstance(following, dict) else {}
        node[leaf] = text
    parameters = _from_tree(model.input_shape, tree) if model.input_shape is not None else {}
    return Operation(model, protocol, parameters)


def _from_tree(shape: Shape, node: Any) -> Any:
    if isinstance(shape, StructureShape):
        found = ((name, _child(name, member, node)) for name, member in shape.members.items())
        return {name: _from_tree(shape.members[name], child) for name, child in found if child is not None}
    if isinstance(shape, ListShape):
        return [_from_tree(shape.member, child) for child in _numbered(node, shape.member)]
    if isinstance(shape, MapShape):
        entries = list(_numbered(node.get("entry", node), shape.value))
        return {
            entry.get("key", entry.get("Name", "")): _from_tree(
                shape.value, entry.get("value", entry.get("Value", ""))
            )
            for entry in entries
        }
    return _scalar(shape, node)


def _child(name: str, member: Shape, node: Any) -> Any:
    wire = member.serialization.get("name", "")
    names = [member.serialization.get("queryName", ""), wire, wire[:1].upper() + wire[1:], name]
    if isinstance(member, ListShape) and member.serialization.get("flattened"):
        names.append(member.member.serialization.get("name", ""))
    return (
        next((node[known] for known in names if known and known in node), None)
        if isinstance(node, dict)
        else None
    )


def _numbered(node: Any, member: Shape) -> Iterator[Any]:
    if not isinstance(node, dict):
        return
    for inner in ("member", member.serialization.get("name", "")):
        if inner and isinstance(node.get(inner), dict):
            node = node[inner]
            break
    for number in sorted((key for key in node if key.isdecimal()), key=int):
        yield node[number]


def _scalar(shape: Shape, text: Any) -> Any:
    if not isinstance(text, str):
        return text
    match shape.type_name:
        case "boolean":
            return text.lower() == "true"
        case "integer" | "long":
            return int(text) if re.fullmatch(r"[+-]?\d{1,20}", text) else text
    return text


# The REST protocols: method, path, query string, and a JSON or XML body.


def _rest_operation(service: ServiceModel, call: Call) -> Operation | None:
    best: tuple[int, OperationModel, dict[str, str]] | None = None
    for name in service.operation_names:
        model = service.operation_model(name)
        if model.http.get("method") != call.method:
            continue
        path, _, literals = model.http.get("requestUri", "/").partition("?")
        matched = _template(path).fullmatch(call.path.rstrip("/") or "/")
        wanted = parse_qs(literals, keep_blank_values=True)
        if matched is None or any(
            call.query.get(key) != value for key, value in wanted.items() if value != [""]
        ):
            continue
        if any(key not in call.query for key in wanted):
            continue
        rank = 100 * len(wanted) - path.count("{")
        if best is None or rank > best[0]:
            best = rank, model, {key: unquote(value) for key, value in matched.groupdict().items()}
    if best is None:
        return None
    _, model, labels = best
    return Operation(model, str(service.metadata["protocol"]), _rest_parameters(model, labels, call))


@cache
def _template(path: str) -> re.Pattern[str]:
    pieces = re.split(r"\{(\w+)(\+?)\}", path.rstrip("/") or "/")
    pattern = re.escape(pieces[0])
    for name, greedy, text in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
        pattern += f"(?P<{name}>{'.+' if greedy else '[^/]+'})" + re.escape(text)
    return re.compile(pattern)


def _rest_parameters(model: OperationModel, labels: Mapping[str, str], call: Call) -> dict[str, Any]:
    shape = model.input_shape
    if shape is None:
        return {}
    body = _json_object(call.body) if model.service_model.metadata["protocol"] == "rest-json" else {}
    parameters: dict[str, Any] = {}
    for name, member in shape.members.items():
        wire = member.serialization.get("name", name)
        match member.serialization.get("location"):
            case "uri":
                parameters[name] = labels.get(wire)
            case "querystring" if wire in call.query:
                parameters[name] = _scalar(member, call.query[wire][0])
            case "header" if wire.lower() in call.headers:
                parameters[name] = _scalar(member, call.headers[wire.lower()])
            case None if wire in body:
                parameters[name] = body[wire]
    return {name: value for name, value in parameters.items() if value is not None}


def xml_document(body: bytes) -> tuple[str, Any] | None:
    """The root element's name and its content as nested objects; None where `body` is no XML."""
    if not body.lstrip().startswith(b"<") or b"<!DOCTYPE" in body:
        return None
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 (no entities without a doctype)
    except ElementTree.ParseError:
        return None
    return _local_name(root), _xml_value(root)


def _local_name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _xml_value(element: ElementTree.Element) -> Any:
    if not len(element):
        return element.text or ""
    value: dict[str, Any] = {}
    for child in element:
        name, content = _local_name(child), _xml_value(child)
        if name in value:
            known = value[name]
            value[name] = [*known, content] if isinstance(known, list) else [known, content]
        else:
            value[name] = content
    return value


class _CaseInsensitive(dict[str, str]):
    """Headers as botocore's parsers ask for them: by any spelling."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__({name.lower(): value for name, value in headers.items()})

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(name.lower())

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name.lower(), default)
