"""The client area: one's own visits, details and rights, for those who are signed in."""
