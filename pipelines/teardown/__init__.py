"""Removing what this project made, and nothing else."""
