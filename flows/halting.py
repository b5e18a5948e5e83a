"""The word for a night that a gate has stopped."""


class Halted(Exception):  # noqa: N818 - the field's word: a gate halts a night
    """A gate has halted some of the night; the message says what and where, and what went on all the same."""
