"""Scores of attribution maps: do they show what the network used?

No single score is proof. Deletion, insertion and ROAD measure how the network responds when pixels
are removed, and such images are out of its training distribution. The evidence masks of drawn faces
are the truth about the image, but the network may have learned something else. The randomization
check shows only that a map depends on the weights.
"""
