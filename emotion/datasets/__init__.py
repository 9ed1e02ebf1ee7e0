"""Turn a dataset on disk into three splits without leaks, with a record of all rejected rows."""
