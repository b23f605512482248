"""What everything else speaks in: boxes, frames, rules, errors, names. Imports nothing of the package but itself."""
