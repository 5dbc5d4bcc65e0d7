"""Who acts: agents turn observations into actions."""
