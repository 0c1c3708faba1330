"""Pulumi components: MailStack and what it is made of."""
