"""Strangers' files, read with care: archives, arrays, rows, YAML. No code in them runs; nothing is written outside."""
