"""What partners claim: matched to the books, differences by kind, decisions, and what is payable of it."""
