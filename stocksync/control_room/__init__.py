"""The control room: the admin's first page, its navigation and its search, over jobs and data alike."""
