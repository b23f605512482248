"""What all other folders use: boxes, frames, rules, errors, names. It imports nothing else of the package."""
