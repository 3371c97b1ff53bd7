"""Makes the jobs importable by name: workers inherit this process's ``sys.path``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
