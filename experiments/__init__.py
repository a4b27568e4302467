"""Why choices were made: the simulated company, public data sets, benchmarks, the demo."""
