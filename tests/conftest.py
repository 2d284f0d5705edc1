"""What every test may ask for; the parts themselves are in tests/parts."""

pytest_plugins = [
    "tests.parts.databases",
    "tests.parts.store",
    "tests.parts.web",
    "tests.parts.site",
    "tests.parts.shop",
    "tests.parts.erasures",
    "tests.parts.dying",
    "tests.parts.copies",
    "tests.parts.smtp",
    "tests.parts.firm",
    "tests.parts.paper",
    "tests.parts.browser",
]
