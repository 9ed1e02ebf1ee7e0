"""One small script per stage of dvc.yaml; only they use the paths of the repository."""

import sys

from emotion.core.environment import fix_arithmetic
from stages.run import is_portable

if sys.argv[0] == "-m":  # `python -m stages.<name>`, which has not imported numpy or torch yet
    fix_arithmetic(portable=is_portable())
