"""One network from several trained ones: the average of their weights."""
