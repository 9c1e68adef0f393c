"""A module that can not be imported."""

BROKEN = 1 / 0
