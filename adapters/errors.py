"""The world is broken: disk, database, settings. One base class, narrow kinds; never used for wrong rules or data."""


class WorldError(Exception):
    """Something outside the program that an operations engineer must mend; the message says what and how."""


class SettingsError(WorldError):
    """A setting is missing or wrong."""


class StoreError(WorldError):
    """The store is absent, of another version, unguarded, or was lost on the way."""


class DiskError(WorldError):
    """A file cannot be written: the disk is full, read-only or broken."""


class FileChangedError(WorldError):
    """A registered file is missing, or its content is not what was registered."""


class RemovedError(FileChangedError):
    """A registered file is not there any more because retention removed it, as the store says."""


class ConflictError(WorldError):
    """Somebody else got there first: what was to be written no longer fits what is stored."""


class RefusedError(WorldError):
    """A decision that the rules of the house do not allow, with the coded reasons."""


class StageTooLongError(WorldError):
    """A stage ran into its time limit, and was stopped."""
