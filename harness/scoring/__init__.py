"""Result files and truth in, scores out."""
