"""The bundled demo model: the invented world it was taught, and the scripts that trained and measured it."""
