"""Integrity signals on demo books: planted cases found, and what fires on a clean book."""
