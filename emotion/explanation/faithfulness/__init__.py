"""Scores of attribution maps: do they show what the network used?

No single score is proof. Deletion, insertion and ROAD measure what the network does when pixels
are removed, and a network that sees such images for the first time may do anything. The evidence
of drawn faces is the truth about the image, but the network may have learned something else. The
randomization check shows only that a map depends on the weights.
"""
