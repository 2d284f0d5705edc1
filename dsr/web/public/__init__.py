"""The pages of a data subject, and of a recipient of data. They need no account and no JavaScript."""

from dsr.web.public.about import public
from dsr.web.public.form import form
from dsr.web.public.notification import notification
from dsr.web.public.status import status

BLUEPRINTS = (public, form, status, notification)
