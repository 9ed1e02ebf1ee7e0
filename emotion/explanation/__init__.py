"""The stage `explain`: select images, compute maps, score them, and draw figures."""
