"""Links that lead through ours, from the message to the count."""
