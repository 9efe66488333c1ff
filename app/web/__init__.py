"""What all pages share: dependencies, rendering, address state, errors, security, the cache of arrays."""
