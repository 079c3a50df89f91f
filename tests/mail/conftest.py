"""What the tests of the mail engine share."""

from __future__ import annotations

import pytest

from tests.mail.certificates import Certificates


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates.make(tmp_path_factory.mktemp("certificates"))
