"""`recoup doctor`: whether everything that nights need is there, and whether a book can go live."""
