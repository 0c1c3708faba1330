"""`mailstack schema`: the JSON Schema of a stack's settings file."""

from __future__ import annotations

import click


@click.command(
    epilog="\b\nExample:\n"
    "  mailstack schema > stacks/settings.schema.json\n"
    "and in a stack's file:\n"
    "  # yaml-language-server: $schema=settings.schema.json"
)
def schema() -> None:
    """Print the JSON Schema of a stack's settings file, for editors."""
    import json

    from mailstack.settings.schema import json_schema
    from providers import catalog

    click.echo(json.dumps(json_schema(catalog()), indent=2, ensure_ascii=False))
