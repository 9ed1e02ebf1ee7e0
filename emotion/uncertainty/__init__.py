"""How far a score can be trusted: intervals and tests that respect groups of dependent images."""
