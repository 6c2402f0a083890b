"""One spec per documented call API drives three machines: generate, serve, check."""

import sys
from types import ModuleType

# What type checkers take for true; the module `typing` itself would be most of the time that this import takes.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from harness.api import application, check, generate, load_spec, mock, serve

__all__ = ["application", "check", "generate", "load_spec", "mock", "serve"]


def __getattr__(name: str) -> object:
    # pytest loads the plugin, and this with it, in every run: nothing of the harness is imported before its time.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from harness import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return sorted([*__all__, *(name for name in globals() if name.startswith("__"))])


class _PublicPackage(ModuleType):
    """A package whose functions keep their names, although packages inside it are called the same."""

    def __setattr__(self, name: str, value: object) -> None:
        # Importing `harness.serve.simulator` makes Python put the package `harness.serve` in the function's place.
        if name not in __all__:
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _PublicPackage
