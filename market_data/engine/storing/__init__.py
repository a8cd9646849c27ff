"""An answer becomes rows: checked, judged, written."""
