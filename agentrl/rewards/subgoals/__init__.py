"""Steps on the way: told from the record, named by a suite or by a model, tried again."""
