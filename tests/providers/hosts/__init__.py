"""The conformance suite of DNS hosts, and each host that passes it."""

import pytest

pytest.register_assert_rewrite("tests.providers.hosts.suite")
