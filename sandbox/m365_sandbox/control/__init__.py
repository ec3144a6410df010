"""The control face: what tests ask for."""
