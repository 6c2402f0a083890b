"""One spec per documented call API drives three machines: generate, serve, check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.api import application, serve_in_thread, simulator
    from harness.serve.responses_mock import mock

__all__ = ["application", "mock", "serve_in_thread", "simulator"]


def __getattr__(name: str) -> Any:
    # `import harness` alone stays quick: worlds are made of numpy and polars.
    if name == "mock":
        from harness.serve.responses_mock import mock

        return mock
    if name in ("application", "serve_in_thread", "simulator"):
        from harness import api as public_api

        return getattr(public_api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
