"""Trackers over benchmarks: what an experiment asks for, who does the work, what it costs."""
