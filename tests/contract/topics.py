"""The topics as ``schemas/asyncapi.json`` describes them, and what we send held to it."""

from typing import Any

from stream_detector.pipeline.messages import Output
from tests.contract.schemas import faults, parse, read

FILE = "asyncapi.json"


def document() -> Any:
    return read(FILE)


def faults_of(output: Output) -> list[str]:
    """Tell what is wrong with a message, for one who has read the AsyncAPI document."""
    name = message_name(output)
    message = document()["components"]["messages"][name]
    headers = {key: value.decode() for key, value in output.headers}
    key = None if output.key is None else output.key.decode()
    found = faults(key, f"{FILE}#/components/messages/{name}/bindings/kafka/key")
    if "headers" in message:
        found += faults(headers, f"{FILE}#/components/messages/{name}/headers")
    if message.get("contentType", document()["defaultContentType"]) == "application/json":
        assert output.value is not None
        found += faults(parse(output.value), f"{FILE}#/components/messages/{name}/payload")
    return found


def message_name(output: Output) -> str:
    """Tell which message of its channel this is; ``ce_type`` decides where there are several."""
    address = f"detector.{output.topic}"
    channel = next(one for one in document()["channels"].values() if one["address"] == address)
    names: list[str] = list(channel["messages"])
    ce_type = dict(output.headers).get("ce_type", b"").decode()
    kinds = {"data-quality": "dataQuality", "outcome": "outcome"}
    return kinds.get(ce_type.removeprefix("io.stream-detector.").partition(".")[0], names[0])
