"""Integrity signals: rules in YAML beside this, the statements that find what fires, and how cases are judged."""
