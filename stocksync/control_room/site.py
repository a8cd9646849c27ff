"""The admin site: unfold's, with the control room's pages."""

from django.urls import URLPattern
from unfold.sites import UnfoldAdminSite


class ControlRoom(UnfoldAdminSite):
    index_template = "room/overview.html"

    def extra_urls(self) -> list[URLPattern]:
        """What unfold adds to the site's addresses."""
        # The pages need the models, which are not there yet when Django makes the site.
        from stocksync.control_room.places import places

        return places(self.admin_view)
