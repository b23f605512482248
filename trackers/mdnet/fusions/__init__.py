"""A tracker of MDNet's family in each file: its fusion, its numbers (docs/mdnet.md)."""
