"""The mutation bench of the gates: kinds of corruption, applied to clean nights, and what the gate made of each."""
