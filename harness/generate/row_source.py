"""What rows come from, as bytes that another process reads: the spec, the world and the dialect, exactly."""

from __future__ import annotations

import copyreg
import io
import pickle
from types import MappingProxyType
from typing import Any, final

from harness.generate.row_slices import RowSlices


def _view_of(values: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(values)


def _reduce_view(view: MappingProxyType[Any, Any]) -> tuple[Any, tuple[dict[Any, Any]]]:
    # The type itself cannot be named in a pickle.
    return _view_of, (dict(view),)


@final
class _SourcePickler(pickle.Pickler):
    """A pickler that knows read-only views, of which a spec is full."""

    dispatch_table = copyreg.dispatch_table | {MappingProxyType: _reduce_view}


def pack_row_source(slices: RowSlices) -> bytes:
    """What the rows come from, for another process with the same release of this package."""
    target = io.BytesIO()
    _SourcePickler(target, protocol=pickle.HIGHEST_PROTOCOL).dump((slices.spec, slices.world, slices.dialect))
    return target.getvalue()


def unpack_row_source(packed: bytes) -> RowSlices:
    """The rows of what `pack_row_source` gave; only bytes of this very run may be given."""
    spec, world, dialect = pickle.loads(packed)  # noqa: S301
    return RowSlices.of(spec, world, dialect)
