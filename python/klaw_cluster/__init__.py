"""Runs beside a local Ray node that klaw has started, and sees to it that nothing of it is left behind."""
