"""Many episodes at once: jobs, the loop of one attempt, retries, worker processes."""
