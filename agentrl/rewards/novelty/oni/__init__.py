"""Labels by a model in the background (ONI, arXiv 2410.23022): a queue, a table, a fit."""
