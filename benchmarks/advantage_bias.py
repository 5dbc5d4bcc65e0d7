"""The bias of every advantage estimator, exact: a mean over all batches of a small world.

Prints the table of docs/training/advantages.md. Claims: those that say so are unbiased, perhaps up
to a factor; how much the others turn the gradient is in the table.
"""

from agentrl.training.advantages.bias import bias_table

if __name__ == "__main__":
    print(bias_table(), end="")
