"""Taking over what stands: which settings reproduce it, and by which ids the engine imports it."""
