"""Tracking results: reading and writing raw files, published numbers, the store of runs."""

if __name__ != "rgbtbench.results":  # the checkout's own folder would shadow other packages of this name
    raise ImportError(f"import this as rgbtbench.results, not as {__name__}")
