"""What is looked at before training begins, so that nothing is found out hours later."""
