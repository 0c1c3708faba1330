"""SES API v2 with identities that are verified by asking DNS."""
