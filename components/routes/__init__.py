"""Routes as resources: one file for each way in which a provider's side of a route is declared."""
