"""Tables and pages made from evaluations."""

if __name__ != "rgbtbench.reports":  # the checkout's own folder would shadow other packages of this name
    raise ImportError(f"import this as rgbtbench.reports, not as {__name__}")
