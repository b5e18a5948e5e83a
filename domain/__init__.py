"""The shared vocabulary: money, periods, ids, the catalogue, records, expressions, issues."""
