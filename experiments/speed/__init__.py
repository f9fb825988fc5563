"""What everything costs, beside its limit and beside what others do: `make bench`."""

import percepnet  # noqa: F401 (before torch: it tells torch's threads how to wait, as in a sweep)
