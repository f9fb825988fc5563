"""Where files come from: hashes, locks, the cache, mirrors, the network, safe reading."""
