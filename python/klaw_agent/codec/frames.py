"""What the complete reader is in the middle of: one class per container, each takes the values inside one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import composites, error_values
from .leaves import HOLE_VALUE
from .paths import Step, nth_key, nth_value, value_of_key

if TYPE_CHECKING:
    from .decoder import Decoder


class Frame:
    """A container being read. `left` counts the values that are still to come."""

    __slots__ = ("definition", "left", "outer_end", "weight")

    def __init__(self, left: int, weight: int = 1) -> None:
        self.left = left
        #: Levels of nesting that it counts as.
        self.weight = weight
        #: Where reading goes on to after an extension; None: it is no extension.
        self.outer_end: int | None = None
        self.definition = -1

    def accept(self, value: Any, decoder: Decoder) -> None:
        raise NotImplementedError

    def finish(self, decoder: Decoder) -> object:
        raise NotImplementedError

    def step(self) -> Step:
        return None


class ListFrame(Frame):
    __slots__ = ("values",)

    def __init__(self, length: int, weight: int = 1) -> None:
        super().__init__(length, weight)
        self.values: list[Any] = []

    def accept(self, value: Any, decoder: Decoder) -> None:
        self.values.append(None if value is HOLE_VALUE else value)

    def finish(self, decoder: Decoder) -> object:
        return self.values

    def step(self) -> Step:
        return len(self.values)


class MapFrame(Frame):
    """A map, or a Map: a dict, unless its keys cannot all be told apart in one; then a list of pairs."""

    __slots__ = ("count", "is_map", "items", "key", "pairs", "waits_for_key")

    def __init__(self, count: int, is_map: bool) -> None:
        super().__init__(count * 2)
        self.items: dict[Any, Any] = {}
        self.pairs: list[list[Any]] | None = None
        self.count = 0
        self.is_map = is_map
        self.key: Any = None
        self.waits_for_key = True

    def accept(self, value: Any, decoder: Decoder) -> None:
        self.waits_for_key = not self.waits_for_key
        if not self.waits_for_key:
            self.key = value
            return
        self.count += 1
        if self.pairs is None:
            try:
                known = self.key in self.items
            except TypeError:
                known = True
            if not known or (not self.is_map and isinstance(self.key, str)):
                self.items[self.key] = value
                return
            self.pairs = [list(pair) for pair in self.items.items()]
            decoder.replace(self.definition, self.items, self.pairs)
        self.pairs.append([self.key, value])

    def finish(self, decoder: Decoder) -> object:
        return self.items if self.pairs is None else self.pairs

    def step(self) -> Step:
        if self.waits_for_key:
            return nth_key(self.count)
        return value_of_key(self.key) if self.is_map or not isinstance(self.key, str) else self.key


class SetFrame(Frame):
    """A set, unless its elements cannot all be told apart in one; then a list."""

    __slots__ = ("elements", "values")

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.elements: set[Any] = set()
        self.values: list[Any] = []

    def accept(self, value: Any, decoder: Decoder) -> None:
        self.values.append(value)

    def finish(self, decoder: Decoder) -> object:
        try:
            self.elements.update(self.values)
        except TypeError:
            self.elements.clear()
        if len(self.elements) == len(self.values):
            return self.elements
        decoder.replace(self.definition, self.elements, self.values)
        return self.values

    def step(self) -> Step:
        return nth_value(len(self.values))


class SparseFrame(Frame):
    __slots__ = ("index", "values")

    def __init__(self, count: int, length: int) -> None:
        super().__init__(count - 1)
        self.values: list[Any] = [None] * length
        self.index = -1

    def accept(self, value: Any, decoder: Decoder) -> None:
        if self.index >= 0:
            self.values[self.index] = value
            self.index = -1
        elif type(value) is int and 0 <= value < len(self.values):
            self.index = value
        else:
            raise ValueError(f"the index {value!r} is not within the length {len(self.values)}")

    def finish(self, decoder: Decoder) -> object:
        return self.values

    def step(self) -> Step:
        return self.index if self.index >= 0 else None


class ErrorFrame(Frame):
    """The head, then the hidden fields, then the properties. The exception is there as soon as the head is."""

    __slots__ = ("error", "head", "key", "stage")

    def __init__(self) -> None:
        super().__init__(5)
        self.head: list[Any] = []
        self.error: BaseException | None = None
        self.stage = 0
        self.key: str | None = None

    def accept(self, value: Any, decoder: Decoder) -> None:
        if self.error is None:
            self.head.append(value)
            if len(self.head) == 5:
                self.error = error_values.make_error(self.head)
                decoder.resolve(self.definition, self.error)
        elif self.key is None:
            if not isinstance(value, str):
                raise ValueError("a field of an error needs a name")
            self.key = value
        else:
            set_field = error_values.set_hidden if self.stage == 1 else error_values.set_property
            set_field(self.error, self.key, value)
            self.key = None
        while self.left == 0 and self.stage < 2:
            self.stage += 1
            self.left = decoder.read_map_header() * 2

    def finish(self, decoder: Decoder) -> object:
        return self.error

    def step(self) -> Step:
        return self.key


class DefinitionFrame(Frame):
    __slots__ = ("number", "value")

    def __init__(self, number: int) -> None:
        super().__init__(1, 0)
        self.number = number
        self.value: Any = None

    def accept(self, value: Any, decoder: Decoder) -> None:
        self.value = value

    def finish(self, decoder: Decoder) -> object:
        decoder.resolve(self.number, self.value)
        return self.value


class CompositeFrame(Frame):
    __slots__ = ("code", "value")

    def __init__(self, code: int) -> None:
        super().__init__(1, 0)
        self.code = code
        self.value: Any = None

    def accept(self, value: Any, decoder: Decoder) -> None:
        self.value = value

    def finish(self, decoder: Decoder) -> object:
        return composites.make_composite(self.code, self.value, decoder.context, decoder.made)
