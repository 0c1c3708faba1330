"""Resend on this machine: its API, its DNS names and what its SMTP endpoint decides.

Written from the vendor's OpenAPI file (github.com/resend/resend-openapi), its documentation (resend.com/docs) and
answers of the real API that were recorded or seen; where these say nothing, a comment says what was chosen.
"""
