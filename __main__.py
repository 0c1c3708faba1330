"""The Pulumi program: settings of the stack in, SMTP senders and their DNS records out."""

from components.program import run

run()
