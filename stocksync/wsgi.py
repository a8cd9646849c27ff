"""The entry point of a web server."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stocksync.settings")
django_application = get_wsgi_application()

from scheduling import heartbeats  # noqa: E402 - its tables are known from now on
from stocksync.web.servers import ReadsChunks, part_aside, speak_json  # noqa: E402 - it needs the settings

# What a web process writes into the data folder is for its owner alone.
os.umask(0o077)
speak_json()
part_aside()
application = ReadsChunks(django_application)
heartbeats.start(heartbeats.name("web"))
