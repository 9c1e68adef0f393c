"""The wire protocol of `docs/wire.md`."""
