"""percepnet: which factor makes a deep network see like a human?"""

__version__ = "0.1.0"
