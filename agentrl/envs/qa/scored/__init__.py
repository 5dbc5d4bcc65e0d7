"""Kinds of questions whose answers earn partial credit: each file reads a row and grades."""
