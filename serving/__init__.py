"""How it is answered: the HTTP service and its store."""
