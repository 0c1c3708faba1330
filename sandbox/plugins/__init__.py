"""Stand-ins for Pulumi's AWS and Cloudflare plugins: the few types and functions that a mail set-up uses."""
