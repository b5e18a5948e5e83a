"""The kinds of corruption, by family. What a person would say of each was written before any result was seen."""

from bench.gates.families import book, dates, drift, files, harmless, keys, money, people, schema, work

KINDS = tuple(
    kind for family in (files, schema, keys, money, dates, people, work, book, drift, harmless) for kind in family.KINDS
)
