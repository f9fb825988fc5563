"""Values that are computed when they are first asked for, and kept."""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable

Owner = TypeVar("Owner")
Value = TypeVar("Value")


class once(Generic[Owner, Value]):  # noqa: N801 (used as property is)
    """A property that is computed once, though several threads ask for it.

    Each object has a lock of its own. The lock of `functools.cached_property` is that of all objects in
    Python 3.11, so that threads would wait for each other's.
    """

    def __init__(self, compute: Callable[[Owner], Value]) -> None:
        self.compute = compute
        self.name = compute.__name__
        self.__doc__ = compute.__doc__

    @overload
    def __get__(self, owner: None, kind: type[Owner]) -> once[Owner, Value]: ...
    @overload
    def __get__(self, owner: Owner, kind: type[Owner]) -> Value: ...
    def __get__(self, owner: Owner | None, kind: type[Owner]) -> once[Owner, Value] | Value:
        """Return the value; it stands in the object itself from then on."""
        if owner is None:
            return self
        values: dict[str, Any] = owner.__dict__
        with values.setdefault("_once", RLock()):
            if self.name not in values:
                values[self.name] = self.compute(owner)
        found: Value = values[self.name]
        return found
