"""The agent of klaw on a Ray cluster. `docs/wire.md` and `docs/values.md` say what it speaks."""
