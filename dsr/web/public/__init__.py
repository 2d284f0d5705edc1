"""The pages of a data subject. They need no account and no JavaScript."""

from dsr.web.public.about import public

BLUEPRINTS = (public,)
