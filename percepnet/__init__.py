"""percepnet: which factor makes a deep network see like a human?"""

import os

# Before torch is imported: its threads sleep where there is nothing to do. As they come they wait busily, on
# cores that compiled loops and other processes want.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

__version__ = "0.1.0"
