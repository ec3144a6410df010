"""An instance as a process: its command, its start and end, and what it tells clients."""
