"""Plays the persons who have to sign in, in headless Chromium: what a newcomer would do by hand after ``make demo``."""
