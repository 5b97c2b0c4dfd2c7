"""metrics.json: everything a report states, for programs."""

import json
import math
from importlib.resources import files
from typing import Any

__all__ = ["SCHEMA_VERSION", "clean", "dumps", "schema"]

SCHEMA_VERSION = 1


def schema() -> dict[str, Any]:
    """JSON schema of metrics.json."""
    text = files("mcsurrogate.validation").joinpath("metrics.schema.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def clean(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return the same value with NaN and infinities as null, which JSON can hold."""
    if isinstance(value, dict):
        return {str(k): clean(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if hasattr(value, "tolist"):
        return clean(value.tolist())
    return value


def dumps(metrics: dict[str, Any]) -> str:
    """JSON text of metrics."""
    return json.dumps(clean(metrics), indent=1, allow_nan=False) + "\n"
