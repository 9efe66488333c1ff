"""How the demo model was measured: answers, geometry, transfer neurons and the language of what it writes."""
