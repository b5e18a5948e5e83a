"""From the extracts of any core system to landing tables, by a mapping that people write and review."""

from adapters.importing.decoding import Mapping, decode_mapping
from adapters.importing.importer import ImportedTable, ImportReport, import_extract
from adapters.importing.language import MappingFile
from adapters.importing.streams import Limits

__all__ = ["ImportReport", "ImportedTable", "Limits", "Mapping", "MappingFile", "decode_mapping", "import_extract"]
