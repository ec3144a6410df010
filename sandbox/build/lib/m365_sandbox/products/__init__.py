"""Stand-ins for the products that consume the configuration: they know the file that is written, and nothing else."""
