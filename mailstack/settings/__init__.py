"""What a stack's configuration says about its mail, typed and validated.

`load.load` reads it, `model` holds what comes of it. Nothing is imported here: whoever needs a key path or one model,
as each DNS host and the kit's plugin do, does not pay for all of them.
"""
