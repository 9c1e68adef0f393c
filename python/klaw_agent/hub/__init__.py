"""The cluster's channels, as `docs/wire.md` and `docs/gateway.md` say: state machines, free of Ray, on one event loop."""
