"""The benchmark: `python -m bench`. Time, processor and memory of a lab, against a floor measured in the same run."""
