"""Pools of workers, the workflows that they carry out, and the environments that learn them."""
