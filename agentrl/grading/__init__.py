"""Many patches graded: verdicts that are kept, and summaries in the form that others read."""
