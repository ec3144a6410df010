"""The tenant and what an instance keeps: one truth for every face."""
