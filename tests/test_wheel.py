"""What can only be asked of the built wheel: see .ci/run, which installs it and sets INGLENOOK_FROM_WHEEL."""

import importlib
import os
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    "INGLENOOK_FROM_WHEEL" not in os.environ, reason="asked of the installed wheel only, which .ci/run does"
)
PACKAGES = ("runtime", "models", "firmware_bridge")


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_comes_from_the_wheel(package: str) -> None:
    file = importlib.import_module(package).__file__
    assert file is not None
    assert "site-packages" in Path(file).parts


@pytest.mark.parametrize("package", PACKAGES)
def test_nobody_else_installs_a_package_of_our_name(package: str) -> None:
    assert set(packages_distributions()[package]) == {"inglenook"}


def test_nothing_but_our_packages_is_installed() -> None:
    ours = {package for package, owners in packages_distributions().items() if "inglenook" in owners}
    assert ours == set(PACKAGES)
