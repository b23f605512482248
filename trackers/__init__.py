"""Trackers: adapters that turn a network or a program into boxes."""

if __name__ != "rgbtbench.trackers":  # the checkout's own folder would shadow other packages of this name
    raise ImportError(f"import this as rgbtbench.trackers, not as {__name__}")
