"""From a dataset on disk to three splits without leaks, with a record of all rejected rows."""
