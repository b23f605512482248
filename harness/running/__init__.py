"""Running trackers on benchmarks: experiments, plans, lanes, clusters, cost."""
