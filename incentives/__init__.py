"""Bonus policies and partner contracts, their calculation, and the arithmetic of the ledger."""
