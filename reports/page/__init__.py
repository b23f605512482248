"""One HTML file of an evaluation that opens from disk: sortable, filterable, down to single frames."""
