"""One small script per stage of dvc.yaml; only they use the paths of the repository."""

import sys

from emotion.core.environment import fix_arithmetic
from stages.run import explain_interruption

if sys.argv[0] == "-m":  # `python -m stages.<name>`, which has not imported numpy or torch yet
    sys.excepthook = explain_interruption
    fix_arithmetic()
