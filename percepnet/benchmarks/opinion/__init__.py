"""Opinion scores: databases of distorted images with a mean opinion score each."""
