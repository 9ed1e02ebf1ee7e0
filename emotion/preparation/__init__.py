"""From a corpus to three splits without leaks, with a record of all rejected rows."""
