"""From a corpus to three splits that do not leak, with the record of all that was turned away."""
