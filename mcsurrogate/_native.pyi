# SPDX-License-Identifier: GPL-3.0-or-later
from collections.abc import Callable
from typing import Any, Protocol, final

PYTHIA_VERSION_INTEGER: int

class _Compressor(Protocol):
    def compress(self, data: memoryview, /) -> bytes: ...
    def flush(self) -> bytes: ...

@final
class HepmcOutput:
    @staticmethod
    def to_file(path: str, tools: list[list[str]]) -> HepmcOutput: ...
    @staticmethod
    def to_gzip(path: str, level: int, tools: list[list[str]]) -> HepmcOutput: ...
    @staticmethod
    def to_compressor(
        path: str, compressor: _Compressor, tools: list[list[str]]
    ) -> HepmcOutput: ...
    def close(self) -> None: ...
    @property
    def events(self) -> int: ...
    @property
    def conversion_seconds(self) -> float: ...
    @property
    def writing_seconds(self) -> float: ...

@final
class EventLoop:
    def __init__(
        self,
        settings: list[str],
        seed: int,
        *,
        verbose: bool = ...,
        lhe_file: str | None = ...,
        run_info: dict[str, Any] | None = ...,
        next_batch: Callable[[], dict[str, Any] | None] | None = ...,
        keep_hard_process: bool = ...,
        keep_parton_level: bool = ...,
    ) -> None: ...
    def next_batch(
        self,
        events: int,
        output: HepmcOutput | None = ...,
        progress: Callable[[int], object] | None = ...,
    ) -> dict[str, Any]: ...
    def run_bare(self, events: int) -> None: ...
    def run_conversion(self, events: int) -> float: ...
    def statistics(self) -> dict[str, Any]: ...
    @property
    def done(self) -> int: ...
    @property
    def exhausted(self) -> bool: ...

@final
class Rehadronizer:
    def __init__(self, settings: list[str], seed: int, *, verbose: bool = ...) -> None: ...
    def run(
        self,
        arrays: dict[str, Any],
        times: int,
        first_copy: int,
        limit: int,
        first_event: int,
        output: HepmcOutput | None = ...,
        progress: Callable[[int], object] | None = ...,
    ) -> dict[str, Any]: ...
    def statistics(self) -> dict[str, Any]: ...
    @property
    def done(self) -> int: ...
