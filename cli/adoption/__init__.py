"""Taking over what exists: which settings reproduce it, and by which ids the engine imports it."""
