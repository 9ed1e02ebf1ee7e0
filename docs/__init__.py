"""The documentation: its pages, the blocks of results in them, and the settings of the site."""
