"""The pages of the owner of a system without a database. They need no account and no JavaScript."""

from dsr.web.owner.errand import owner

BLUEPRINTS = (owner,)
