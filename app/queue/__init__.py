"""Jobs as pages: what is queued and running, how far it is, and what happened."""
