"""Readers of strangers' files: archives, arrays, rows, YAML. No code in a file runs. Nothing is written elsewhere."""
