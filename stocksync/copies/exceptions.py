"""Why a database cannot be copied; each message is a sentence that a person can act on."""


class CopyError(Exception):
    """Nothing was changed, or what was changed was put back."""


class InUse(CopyError):
    """Something works with the database."""
