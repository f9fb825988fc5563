"""Vectors of numbers for loops that Numba compiles: what a processor computes in one step, named in Python.

`Lanes` are 16 numbers in fp32 or 8 in fp64, whatever the machine's registers hold: LLVM divides them. They
are values like any other inside a compiled function: loaded from and stored to flat arrays, added,
subtracted, multiplied; they live in registers for as long as a loop needs them, which arrays do not.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic, lower_builtin, models, register_model, type_callable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WIDTH = 16
"""Numbers in fp32 that are worked on at once."""
HALF = 8
"""Numbers in fp64 that are worked on at once."""
FREE = ("reassoc", "contract", "nsz", "arcp")
"""Sums may be taken in any order and fused with products; NaN stays NaN."""

_ELEMENTS = {types.float32: ir.FloatType(), types.float64: ir.DoubleType()}
_PLACE = ir.IntType(64)


class Lanes(types.Type):
    """Numba's type of `count` numbers of one kind."""

    def __init__(self, kind: Any, count: int) -> None:
        self.kind, self.count = kind, count
        super().__init__(name=f"Lanes({kind} x {count})")


SINGLES, DOUBLES = Lanes(types.float32, WIDTH), Lanes(types.float64, HALF)


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, lanes: Lanes) -> None:
        super().__init__(manager, lanes, _vector(lanes))  # type: ignore[no-untyped-call]


def _vector(lanes: Lanes) -> ir.VectorType:
    return ir.VectorType(_ELEMENTS[lanes.kind], lanes.count)


def _instruction(typed: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function that compiled functions can call: `typed` returns its signature and how it is made."""
    made: Callable[..., Any] = intrinsic(typed)
    return made


def _arithmetic(symbol: Callable[..., Any], instruction: str) -> None:
    @type_callable(symbol)
    def typed(_context: Any) -> Callable[[Any, Any], Any]:
        return lambda one, other: one if isinstance(one, Lanes) and one == other else None

    @lower_builtin(symbol, Lanes, Lanes)  # type: ignore[no-untyped-call, untyped-decorator]
    def lowered(_context: Any, builder: Any, _signature: Any, values: Sequence[Any]) -> Any:
        return getattr(builder, instruction)(*values, flags=FREE)


_arithmetic(operator.add, "fadd")
_arithmetic(operator.sub, "fsub")
_arithmetic(operator.mul, "fmul")


def _address(context: Any, builder: Any, array: Any, value: Any, place: Any, count: int) -> Any:
    start = builder.gep(context.make_array(array)(context, builder, value).data, [place])
    return builder.bitcast(start, _vector(Lanes(array.dtype, count)).as_pointer())


def _loading(lanes: Lanes) -> Callable[..., Any]:
    @_instruction
    def load(_typing: Any, array: Any, place: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, values: Sequence[Any]) -> Any:
            where = _address(context, builder, signature.args[0], values[0], values[1], lanes.count)
            found = builder.load(where, align=array.dtype.bitwidth // 8)
            return found if array.dtype == lanes.kind else builder.fpext(found, _vector(lanes))

        return lanes(array, types.intp), code

    return load


singles = _loading(SINGLES)
"""`singles(array, place)`: 16 numbers of a flat fp32 array from a place on."""
doubles = _loading(DOUBLES)
"""`doubles(array, place)`: 8 numbers of a flat array, fp32 or fp64, in fp64."""


@_instruction
def put(_typing: Any, array: Any, place: Any, lanes: Any) -> Any:
    """Store all lanes in a flat array of their type, from a place on."""

    def code(context: Any, builder: Any, signature: Any, values: Sequence[Any]) -> Any:
        where = _address(context, builder, signature.args[0], values[0], values[1], lanes.count)
        builder.store(values[2], where, align=array.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(array, types.intp, lanes), code


@_instruction
def all_doubles(_typing: Any, number: Any) -> Any:
    """Return 8 lanes that hold the same fp64 number."""

    def code(_context: Any, builder: Any, _signature: Any, values: Sequence[Any]) -> Any:
        nothing = ir.Constant(_vector(DOUBLES), ir.Undefined)
        first = builder.insert_element(nothing, values[0], ir.Constant(ir.IntType(32), 0))
        places = ir.Constant(ir.VectorType(ir.IntType(32), HALF), [0] * HALF)
        return builder.shuffle_vector(first, nothing, places)

    return DOUBLES(number), code


@_instruction
def higher(_typing: Any, one: Any, other: Any) -> Any:
    """Return the larger of two numbers, or of those in every lane; the second where one is NaN."""

    def code(_context: Any, builder: Any, _signature: Any, values: Sequence[Any]) -> Any:
        return _less(builder, *values)[1]

    return one(one, one), code


def _less(builder: Any, one: Any, other: Any) -> tuple[Any, Any]:
    """Return the smaller and the larger of two lanes each; where one is NaN both stay what they are."""
    swap = builder.fcmp_ordered("<", other, one)
    return builder.select(swap, other, one), builder.select(swap, one, other)


@_instruction
def turn(_typing: Any, source: Any, place: Any, across: Any, target: Any, into: Any, step: Any) -> Any:
    """Set `target[into + c * step + n]` to `source[place + n * across + c]`, both flat, for 16 n and 16 c."""

    def code(context: Any, builder: Any, signature: Any, values: Sequence[Any]) -> Any:
        def lines(array: int, first: Any, distance: Any) -> list[Any]:
            starts = [builder.add(first, builder.mul(distance, ir.Constant(_PLACE, n))) for n in range(WIDTH)]
            return [
                _address(context, builder, signature.args[array], values[array], n, WIDTH) for n in starts
            ]

        rows = [builder.load(line, align=4) for line in lines(0, values[1], values[2])]
        # every round merges the upper half of the rows with the lower; after four they are columns
        for _ in range(4):
            pairs = zip(rows[: WIDTH // 2], rows[WIDTH // 2 :], strict=True)
            rows = [_merged(builder, one, other, first) for one, other in pairs for first in (0, WIDTH // 2)]
        for row, line in zip(rows, lines(3, values[4], values[5]), strict=True):
            builder.store(row, line, align=4)
        return context.get_dummy_value()

    return types.void(source, types.intp, types.intp, target, types.intp, types.intp), code


def _merged(builder: Any, one: Any, other: Any, first: int) -> Any:
    """Return the numbers of half of the lanes, from the first on, of one and the other in turn."""
    places = [place + WIDTH * which for place in range(first, first + WIDTH // 2) for which in (0, 1)]
    return builder.shuffle_vector(one, other, ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), places))


def _network(size: int) -> list[tuple[int, int]]:
    """Return Batcher's odd-even merge sort: the places that are compared and swapped, one after the other.

    Batcher, Sorting networks and their applications (AFIPS 1968); Knuth, The Art of Computer Programming 3,
    algorithm 5.2.2 M. `size` is a power of two.
    """
    compared = []
    p = 1
    while p < size:
        k = p
        while k >= 1:
            compared += [
                (i + j, i + j + k)
                for j in range(k % p, size - k, 2 * k)
                for i in range(min(k, size - j - k))
                if (i + j) // (2 * p) == (i + j + k) // (2 * p)
            ]
            k //= 2
        p *= 2
    return compared


@_instruction
def sort_columns(_typing: Any, table: Any) -> Any:
    """Sort each of the 16 columns of a flat fp32 array `[64 * 16]`, all at once."""
    rows = 64

    def code(context: Any, builder: Any, signature: Any, values: Sequence[Any]) -> Any:
        places = [
            _address(context, builder, signature.args[0], values[0], ir.Constant(_PLACE, WIDTH * row), WIDTH)
            for row in range(rows)
        ]
        column = [builder.load(place, align=4) for place in places]
        for one, other in _network(rows):
            column[one], column[other] = _less(builder, column[one], column[other])
        for place, value in zip(places, column, strict=True):
            builder.store(value, place, align=4)
        return context.get_dummy_value()

    return types.void(table), code
