"""percepnet: which factor makes a deep network see like a human?"""

import os

from percepnet import heap

# Before torch is imported and begins threads. They sleep where there is nothing to do: as they come they wait
# busily, on cores that compiled loops and other processes want.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
heap.share()

__version__ = "0.1.0"
