"""The comparison: train every regime over the seeds, evaluate alike, find the verdict."""
