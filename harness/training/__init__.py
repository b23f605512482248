"""Offline training: what to learn from (``sampling``, ``sources``, ``samples``) and its delivery (``loader``)."""
